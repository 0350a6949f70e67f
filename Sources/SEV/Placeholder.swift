// SEV
