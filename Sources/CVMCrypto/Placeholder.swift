// CVMCrypto
