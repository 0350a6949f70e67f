// SecureProcessor
