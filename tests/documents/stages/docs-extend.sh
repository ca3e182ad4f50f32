# docs/extend.md: a run that posts are brought to.
. tests/documents/stages/lib.sh
push_config desk
mv bullfinch.yaml notify.yaml
