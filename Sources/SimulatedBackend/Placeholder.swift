// SimulatedBackend
