// LibvirtBackend
