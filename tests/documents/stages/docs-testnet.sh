# docs/testnet.md: key and secret of the account, to paste.
printf 'KEY\nSECRET\n' >../typed
