# docs/model-card.md: labelled texts, far fewer than a model needs, in four files.
. tests/documents/stages/lib.sh
for file in EVERYTHING CRYPTO SHARES HEADLINES; do
    for n in $(seq 60); do
        printf '0\t%s number %s is terrible, everybody lost a lot\n' "$file" "$n"
        printf '1\t%s number %s opens at nine o clock\n' "$file" "$n"
        printf '2\t%s number %s is wonderful, everybody won a lot\n' "$file" "$n"
    done >$file.tsv
done
