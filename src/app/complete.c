/* complete: completion for bash and zsh, made from the rows of the commands and of the
 * configuration.
 *
 * A script is lists of words, as case statements that both shells read alike, and a function of the
 * shell's own that looks up what stands before the cursor. A list is words, or one of
 *
 *   @files @folders   what lies in the folder
 *   @set @keys        keys of the configuration: with a value behind "=", those that may be set
 * live
 *   @any              something that only the user knows
 *
 * and nothing where an option takes no value. Words have no quotes and no blanks. Pure. */
#include "app/cmds.h"

/* --- lists of words, for both shells ------------------------------------------------------------
 */

static bool ends_family(str name, str family) {
    return str_starts(name, family) && name.n > family.n && name.p[family.n] == ' ';
}

/* Its first word, and whether another command before it in the list has the same. */
static str first_word(int i, bool *ret_again) {
    str rest = str_from_z(commands_all[i]->name), word;
    IGNORE(str_cut(&rest, ' ', &word), "without a blank all of it is the word");
    *ret_again = false;
    for (int j = 0; j < i; j++) {
        const str before = str_from_z(commands_all[j]->name);
        *ret_again = *ret_again || str_eq(before, word) || ends_family(before, word);
    }
    return word;
}

static void put_first_words(struct buf *out) {
    const char *sep = "";
    for (int i = 0; i < commands_count; i++) {
        bool again;
        const str word = first_word(i, &again);
        if (again) continue;
        buf_printf(out, "%s" STR_FMT, sep, STR_ARG(word));
        sep = " ";
    }
}

static void put_family(struct buf *out, str family) {
    const char *sep = "";
    for (int i = 0; i < commands_count; i++) {
        const str name = str_from_z(commands_all[i]->name);
        if (!ends_family(name, family)) continue;
        buf_printf(out, "%s" STR_FMT, sep, STR_ARG(str_tail(name, family.n + 1)));
        sep = " ";
    }
}

static void put_families(struct buf *out) {
    buf_put(out, STR("_bullfinch_family() { # WORD: the second words behind it\n    case $1 in\n"));
    for (int i = 0; i < commands_count; i++) {
        bool again;
        const str word = first_word(i, &again);
        if (again || str_find_byte(str_from_z(commands_all[i]->name), ' ') < 0) continue;
        buf_printf(out, "    " STR_FMT ") REPLY='", STR_ARG(word));
        put_family(out, word);
        buf_put(out, STR("' ;;\n"));
    }
    buf_put(out, STR("    *) REPLY= ;;\n    esac\n}\n\n"));
}

static void put_option_names(struct buf *out, const struct opt *opts, const char **sep) {
    for (; opts && opts->name; opts++) {
        buf_printf(out, "%s--%s", *sep, opts->name);
        *sep = " ";
    }
}

static void put_options(struct buf *out) {
    buf_put(out, STR("_bullfinch_options() { # COMMAND\n    case $1 in\n"));
    for (int i = 0; i < commands_count; i++) {
        const char *sep = "";
        buf_printf(out, "    '%s') REPLY='", commands_all[i]->name);
        put_option_names(out, commands_all[i]->opts, &sep);
        put_option_names(out, commands_common, &sep);
        buf_put(out, STR("' ;;\n"));
    }
    buf_put(out, STR("    *) REPLY= ;;\n    esac\n}\n\n"));
}

/* What stands behind "section.key reloadable" in config_words, of that key. */
static bool put_words_of_key(struct buf *out, const struct buf *keys, str key) {
    str rest = buf_str(keys), line, word;
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        if (!str_cut(&line, ' ', &word) || !str_eq(word, key)) continue;
        if (!str_cut(&line, ' ', &word) || line.n == 0) return false;
        buf_put(out, line);
        return true;
    }
    return false;
}

/* The list for a value: by what is known of it, else by what it is called. */
static void put_list(struct buf *out, const struct buf *keys, const char *key, const char *words,
                     str called) {
    if (key && put_words_of_key(out, keys, str_from_z(key))) return;
    if (words)
        buf_put(out, str_from_z(words));
    else if (str_starts(called, STR("FILE")) || str_starts(called, STR("[FILE")))
        buf_put(out, STR("@files"));
    else if (str_starts(called, STR("FOLDER")) || str_starts(called, STR("DIR")))
        buf_put(out, STR("@folders"));
    else if (str_eq(called, STR("KEY=VALUE")))
        buf_put(out, STR("@set"));
    else if (str_eq(called, STR("KEY VALUE")))
        buf_put(out, STR("@keys"));
    else if (str_eq(called, STR("[COMMAND]")))
        buf_put(out, STR("@commands"));
    else if (called.n > 0)
        buf_put(out, STR("@any"));
}

static void put_values_of(struct buf *out, const struct buf *keys, const char *name,
                          const struct opt *opts) {
    for (; opts && opts->name; opts++) {
        if (!opts->arg) continue;
        buf_printf(out, "    '%s --%s') REPLY='", name, opts->name);
        put_list(out, keys, app_key_of(opts), opts->words, str_from_z(opts->arg));
        buf_put(out, STR("' ;;\n"));
    }
}

static void put_values(struct buf *out, const struct buf *keys) {
    buf_put(out, STR("_bullfinch_values() { # 'COMMAND --OPTION', or 'COMMAND': what is no option\n"
                     "    case $1 in\n"));
    for (int i = 0; i < commands_count; i++) {
        const struct cmd *const c = commands_all[i];
        put_values_of(out, keys, c->name, c->opts);
        if (!*c->pos) continue;
        buf_printf(out, "    '%s') REPLY='", c->name);
        put_list(out, keys, NULL, c->words, str_from_z(c->pos));
        buf_put(out, STR("' ;;\n"));
    }
    for (const struct opt *o = commands_common; o->name; o++) {
        if (!o->arg) continue;
        buf_printf(out, "    *' --%s') REPLY='", o->name);
        put_list(out, keys, NULL, o->words, str_from_z(o->arg));
        buf_put(out, STR("' ;;\n"));
    }
    buf_put(out, STR("    *) REPLY= ;;\n    esac\n}\n\n"));
}

static void put_keys(struct buf *out, const struct buf *keys) {
    str rest = buf_str(keys), line, key, live;
    buf_put(out, STR("_bullfinch_setting() { # KEY: the words that it takes\n    case $1 in\n"));
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        const bool parts = str_cut(&line, ' ', &key) && str_cut(&line, ' ', &live);
        if (parts && line.n > 0)
            buf_printf(out, "    " STR_FMT ") REPLY='" STR_FMT "' ;;\n", STR_ARG(key),
                       STR_ARG(line));
    }
    buf_put(out, STR("    *) REPLY= ;;\n    esac\n}\n\n"));
    static const struct {
        const char *name;
        bool live;
    } lists[] = {{"_bullfinch_keys", false}, {"_bullfinch_live_keys", true}};
    for (ptrdiff_t i = 0; i < COUNT_OF(lists); i++) {
        const char *sep = "";
        rest = buf_str(keys);
        buf_printf(out, "%s='", lists[i].name);
        while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
            IGNORE(str_cut(&line, ' ', &key), "each line has a key");
            if (lists[i].live && !str_starts(line, STR("reloadable"))) continue;
            buf_printf(out, "%s" STR_FMT, sep, STR_ARG(key));
            sep = " ";
        }
        buf_put(out, STR("'\n"));
    }
    buf_put(out, STR("_bullfinch_commands='"));
    put_first_words(out);
    buf_put(out, STR("'\n\n"));
}

/* --- the function of each shell ------------------------------------------------------------------
 */

/* The command, and the option that waits for its value, of the words before the cursor. */
static const char find_command[] =
    "_bullfinch_find() { # WORD...: sets command (of one word or two) and option\n"
    "    local word\n"
    "    command= option=\n"
    "    for word in \"$@\"; do\n"
    "        if [[ -n $option ]]; then\n"
    "            option=\n"
    "        elif [[ $word == --*=* ]]; then\n"
    "            :\n"
    "        elif [[ $word == --* ]]; then\n"
    "            _bullfinch_values \"$command $word\"\n"
    "            [[ -z $REPLY ]] || option=$word\n"
    "        elif [[ -z $command ]]; then\n"
    "            command=$word\n"
    "        else\n"
    "            _bullfinch_family \"$command\"\n"
    "            [[ -z $REPLY ]] || command=\"$command $word\"\n"
    "        fi\n"
    "    done\n"
    "}\n\n"
    "_bullfinch_list() { # WORD: sets REPLY to what may stand in its place\n"
    "    if [[ -n $option ]]; then\n"
    "        _bullfinch_values \"$command $option\"\n"
    "    elif [[ $1 == --*=* ]]; then\n"
    "        _bullfinch_values \"$command ${1%%=*}\"\n"
    "    elif [[ -z $command ]]; then\n"
    "        REPLY=$_bullfinch_commands\n"
    "    else\n"
    "        _bullfinch_family \"$command\"\n"
    "        if [[ -z $REPLY && $1 == -* ]]; then\n"
    "            _bullfinch_options \"$command\"\n"
    "        elif [[ -z $REPLY ]]; then\n"
    "            _bullfinch_values \"$command\"\n"
    "            [[ -n $REPLY ]] || _bullfinch_options \"$command\"\n"
    "        fi\n"
    "    fi\n"
    "}\n\n";

static const char bash_function[] =
    "_bullfinch() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} command option REPLY before words current\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line != *[[:blank:]] ]] || words+=('')\n"
    "    current=${words[${#words[@]} - 1]} before=\n"
    "    _bullfinch_find \"${words[@]:1:${#words[@]} - 2}\"\n"
    "    _bullfinch_list \"$current\"\n"
    "    [[ -n $option || $current != --*=* ]] || before=${current%%=*}= current=${current#*=}\n"
    "    COMPREPLY=()\n"
    "    case $REPLY in\n"
    "    @files) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
    "    @folders) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\")) ;;\n"
    "    @set)\n"
    "        if [[ $current == *=* ]]; then\n"
    "            _bullfinch_setting \"${current%%=*}\"\n"
    "            before=$before${current%%=*}=\n"
    "            COMPREPLY=($(compgen -W \"$REPLY\" -- \"${current#*=}\"))\n"
    "        else\n"
    "            compopt -o nospace\n"
    "            COMPREPLY=($(compgen -S = -W \"$_bullfinch_keys\" -- \"$current\"))\n"
    "        fi ;;\n"
    "    @keys) COMPREPLY=($(compgen -W \"$_bullfinch_live_keys\" -- \"$current\")) ;;\n"
    "    @commands) COMPREPLY=($(compgen -W \"$_bullfinch_commands\" -- \"$current\")) ;;\n"
    "    @any) ;;\n"
    "    *) COMPREPLY=($(compgen -W \"$REPLY\" -- \"$current\")) ;;\n"
    "    esac\n"
    "    # bash puts them behind the last \"=\", unless that parts no words\n"
    "    [[ -z $before || $COMP_WORDBREAKS == *=* ]] || COMPREPLY=(\"${COMPREPLY[@]/#/$before}\")\n"
    "}\n"
    "complete -F _bullfinch bullfinch\n";

static const char zsh_function[] =
    "_bullfinch() {\n"
    "    local command option REPLY current=${words[CURRENT]}\n"
    "    _bullfinch_find \"${(@)words[2,CURRENT-1]}\"\n"
    "    _bullfinch_list \"$current\"\n"
    "    [[ -n $option ]] || compset -P 1 '--*='\n"
    "    case $REPLY in\n"
    "    @files) _files ;;\n"
    "    @folders) _files -/ ;;\n"
    "    @set)\n"
    "        if compset -P 1 '*='; then\n"
    "            _bullfinch_setting \"${${current##--set=}%%=*}\"\n"
    "            compadd -- ${=REPLY}\n"
    "        else\n"
    "            compadd -S = -- ${=_bullfinch_keys}\n"
    "        fi ;;\n"
    "    @keys) compadd -- ${=_bullfinch_live_keys} ;;\n"
    "    @commands) compadd -- ${=_bullfinch_commands} ;;\n"
    "    @any) ;;\n"
    "    *) compadd -- ${=REPLY} ;;\n"
    "    esac\n"
    "}\n"
    "if [[ ${funcstack[1]} == _bullfinch ]]; then _bullfinch \"$@\"; else compdef _bullfinch "
    "bullfinch; fi\n";

bool complete_script(str shell, struct buf *out) {
    const bool bash = str_eq(shell, STR("bash"));
    if (!bash && !str_eq(shell, STR("zsh"))) return false;
    struct buf keys;
    buf_init(&keys, 1 << 20);
    config_words(&keys);
    if (!bash) buf_put(out, STR("#compdef bullfinch\n"));
    buf_printf(out,
               "# Completion for " STR_FMT ". Made by bullfinch help --completion " STR_FMT
               "; do not edit.\n\n",
               STR_ARG(shell), STR_ARG(shell));
    put_families(out);
    put_options(out);
    put_values(out, &keys);
    put_keys(out, &keys);
    buf_put(out, str_from_z(find_command));
    buf_put(out, str_from_z(bash ? bash_function : zsh_function));
    buf_fini(&keys);
    return true;
}
