extension Schema {
  /// What `state.db` holds. Moments are microseconds since 1970 in UTC (`Timestamp`); 64-bit policy values
  /// are their bits; columns called labels, secrets, rules and record are JSON that the store does not look
  /// into.
  package static let state = Schema(
    applicationID: 0x6376_6D31,  // "cvm1"
    steps: [
      """
      CREATE TABLE tenant (
        name TEXT PRIMARY KEY, state TEXT NOT NULL, created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Lists read this table only, in the order of names: what is large stands in guest_definition.
      CREATE TABLE guest (
        uri TEXT NOT NULL, name TEXT NOT NULL, uuid TEXT NOT NULL,
        tenant TEXT NOT NULL REFERENCES tenant (name),
        type TEXT NOT NULL, policy_name TEXT, policy_version INTEGER, policy_value INTEGER,
        labels TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, revision INTEGER NOT NULL,
        PRIMARY KEY (uri, name), UNIQUE (uri, uuid)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX guest_policy ON guest (tenant, policy_name);
      CREATE TABLE guest_definition (
        uri TEXT NOT NULL, uuid TEXT NOT NULL, xml TEXT NOT NULL, secrets TEXT NOT NULL,
        PRIMARY KEY (uri, uuid),
        FOREIGN KEY (uri, uuid) REFERENCES guest (uri, uuid) ON DELETE CASCADE
      ) STRICT;

      -- Versions are only added: a launch record says which one it was held to.
      CREATE TABLE policy (
        tenant TEXT NOT NULL REFERENCES tenant (name), name TEXT NOT NULL, version INTEGER NOT NULL,
        type TEXT NOT NULL, value INTEGER NOT NULL, rules TEXT NOT NULL, note TEXT NOT NULL,
        created_at INTEGER NOT NULL, deleted INTEGER NOT NULL,
        PRIMARY KEY (tenant, name, version)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE launch (
        id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL REFERENCES tenant (name),
        uri TEXT NOT NULL, guest_uuid TEXT NOT NULL, guest_name TEXT NOT NULL,
        started_at INTEGER NOT NULL, ended_at INTEGER, outcome TEXT NOT NULL, verdict TEXT NOT NULL,
        secrets_injected INTEGER NOT NULL, record TEXT NOT NULL, wrapped_tek BLOB, wrapped_tik BLOB
      ) STRICT;
      CREATE INDEX launch_of_guest ON launch (tenant, uri, guest_uuid, started_at);
      CREATE INDEX launch_of_tenant ON launch (tenant, started_at);

      CREATE TABLE host_certificate (
        tenant TEXT NOT NULL REFERENCES tenant (name), host TEXT NOT NULL,
        cek BLOB NOT NULL, ask BLOB, ark BLOB, imported_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, host)
      ) STRICT;

      CREATE TABLE wrapped_key (
        tenant TEXT NOT NULL REFERENCES tenant (name), object TEXT NOT NULL, purpose TEXT NOT NULL,
        version INTEGER NOT NULL, state TEXT NOT NULL, envelope BLOB NOT NULL, created_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, object, purpose, version)
      ) STRICT;

      -- Append-only. The record is the truth (AuditEntry); the other columns are for finding it.
      CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, tenant TEXT NOT NULL,
        actor TEXT NOT NULL, act TEXT NOT NULL, object TEXT NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('act', 'attempt', 'outcome')),
        attempt INTEGER REFERENCES audit (seq), outcome TEXT NOT NULL,
        record BLOB NOT NULL, leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
        CHECK ((phase = 'outcome') = (attempt IS NOT NULL))
      ) STRICT;
      CREATE INDEX audit_of_tenant ON audit (tenant, seq);
      CREATE UNIQUE INDEX audit_outcome ON audit (attempt) WHERE attempt IS NOT NULL;
      CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
        SELECT RAISE(ABORT, 'audit records are never changed');
      END;
      CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
        SELECT RAISE(ABORT, 'audit records are never removed');
      END;
      CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
      WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit) BEGIN
        SELECT RAISE(ABORT, 'audit records are appended in order');
      END;
      """,
      """
      -- A tenant's named data keys. Their versions are the wrapped keys of object 'key/NAME'; seconds, uses.
      CREATE TABLE named_key (
        tenant TEXT NOT NULL REFERENCES tenant (name), name TEXT NOT NULL,
        purpose TEXT NOT NULL, algorithm TEXT NOT NULL,
        rotate_after INTEGER, max_uses INTEGER, created_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, name)
      ) STRICT, WITHOUT ROWID;

      ALTER TABLE wrapped_key ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE wrapped_key ADD COLUMN reason TEXT;
      ALTER TABLE wrapped_key ADD COLUMN changed_at INTEGER;

      -- Bytes 8 to 11 of an envelope say which KEK has sealed it: what hangs on a KEK is found by them.
      CREATE INDEX wrapped_key_sealed_by ON wrapped_key (tenant, substr(envelope, 9, 4));
      CREATE INDEX launch_with_keys ON launch (tenant) WHERE wrapped_tek IS NOT NULL;

      -- The launches that were given a key.
      CREATE TABLE key_launch (
        tenant TEXT NOT NULL, name TEXT NOT NULL, launch TEXT NOT NULL,
        version INTEGER NOT NULL, guest TEXT NOT NULL, used_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, name, launch)
      ) STRICT, WITHOUT ROWID;
      """,
      // Tenants with labels and credentials.
      """
      ALTER TABLE tenant ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';

      -- A credential itself is with its holder: here is its SHA-256.
      CREATE TABLE tenant_token (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenant (name),
        digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX token_of_tenant ON tenant_token (tenant);

      -- One tenant's guests on a host, by name, without a look at everybody else's.
      CREATE INDEX guest_of_tenant ON guest (tenant, uri);
      """,
      """
      -- Signs heads of the audit log. The vault wraps the private half; `origin` names the log.
      CREATE TABLE audit_key (
        version INTEGER PRIMARY KEY CHECK (version > 0), origin TEXT NOT NULL,
        public_key BLOB NOT NULL CHECK (length(public_key) = 32), envelope BLOB NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TRIGGER audit_key_no_delete BEFORE DELETE ON audit_key BEGIN
        SELECT RAISE(ABORT, 'keys of the audit log are never removed');
      END;

      -- One head for a size: never two roots. `note` is the signed checkpoint, `edge` the tree's right edge
      -- (MerkleTree), from which the next head goes on.
      CREATE TABLE audit_head (
        size INTEGER PRIMARY KEY CHECK (size > 0), made_at INTEGER NOT NULL,
        edge BLOB NOT NULL, note BLOB NOT NULL
      ) STRICT;
      CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON audit_head BEGIN
        SELECT RAISE(ABORT, 'heads of the audit log are never changed');
      END;
      CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN
        SELECT RAISE(ABORT, 'heads of the audit log are never removed');
      END;
      """,
      """
      -- Signs each head a second time, as a composite of ML-DSA-65 and Ed25519; none in logs made before this.
      ALTER TABLE audit_key ADD COLUMN composite_key BLOB
        CHECK (composite_key IS NULL OR length(composite_key) = 1984);

      -- How a KEK seals; AES-256-GCM where it is not said.
      ALTER TABLE wrapped_key ADD COLUMN algorithm TEXT;
      """,
      """
      -- The file whose root key has sealed what a root key seals, where that is not the first one: SHA-256 of its bytes.
      CREATE TABLE root_key (
        id INTEGER PRIMARY KEY CHECK (id = 1), sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
      ) STRICT;
      """,
      // Keys that sign, that begin later, and KEKs that others keep.
      """
      -- Of a key that signs: what verifies it.
      ALTER TABLE wrapped_key ADD COLUMN public_key BLOB;
      -- A version that is pre-active until then.
      ALTER TABLE wrapped_key ADD COLUMN active_from INTEGER;

      -- Who was given a version of a tenant's KEK: `holder` is a recipient's fingerprint (32 bytes), or the number of a
      -- set of shares (8 bytes) of which `threshold` of `shares` are enough.
      CREATE TABLE kek_escrow (
        tenant TEXT NOT NULL REFERENCES tenant (name), version INTEGER NOT NULL, holder BLOB NOT NULL,
        threshold INTEGER, shares INTEGER, created_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, version, holder)
      ) STRICT, WITHOUT ROWID;
      """,
      """
      -- The newest anchor of the log, without a look at all of it.
      CREATE INDEX audit_of_anchors ON audit (seq) WHERE act = 'audit.anchor';
      """,
      """
      -- What launches are expected to measure, signed by the tenant: `value` is the signed text, and says tenant, name,
      -- version and key once more. Versions are only added: a launch record says which one it was held to.
      CREATE TABLE reference_value (
        tenant TEXT NOT NULL REFERENCES tenant (name), name TEXT NOT NULL, version INTEGER NOT NULL,
        value BLOB NOT NULL, signature BLOB NOT NULL, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL,
        PRIMARY KEY (tenant, name, version)
      ) STRICT;
      """,
    ])
}
