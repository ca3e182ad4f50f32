# docs/sources.md: a token of X's to paste.
echo any-token >../typed
