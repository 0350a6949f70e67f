/// The bash script over `cvmctl complete`; `completions/cvmctl.bash` is the same text.
///
/// It reads the line itself: bash's own `COMP_WORDS` keeps quotes and breaks words at `:`, `=` and `@`, which
/// URIs and options hold. Nothing that is typed or offered is ever expanded.
enum BashCompletion {
  static let script = #"""
    # bash completion for cvmctl: asks `cvmctl complete`, which answers from local state.

    # Splits "$1" into `words` as the shell would, with quotes and backslashes taken off; nothing is expanded.
    # `quote` is the quote that is still open, `head` what of the last word stands before the part that
    # readline replaces.
    _cvmctl_split() {
      local text=$1 char word='' begun='' before=''
      words=() quote='' head=''
      while [[ -n $text ]]; do
        char=${text:0:1} text=${text:1}
        if [[ -z $quote && $char == [[:space:]] ]]; then
          [[ -z $begun ]] || words+=("$word")
          word='' begun='' head=''
          continue
        fi
        begun=yes
        if [[ $quote == \' && $char != \' ]]; then
          word+=$char
        elif [[ $char == \\ && (-z $quote || ${text:0:1} == [\\\"\$\`]) ]]; then
          word+=${text:0:1} text=${text:1}
        elif [[ $char == "$quote" ]]; then
          quote='' head=$before
        elif [[ -z $quote && $char == [\'\"] ]]; then
          quote=$char before=$head head=$word
        else
          word+=$char
          [[ -n $quote || $COMP_WORDBREAKS != *"$char"* ]] || head=$word
        fi
      done
      words+=("$word")
    }

    # Sets `quoted` to "$1" as it has to be typed within `quote`.
    _cvmctl_quote() {
      local text=$1 char
      quoted=''
      while [[ -n $text ]]; do
        char=${text:0:1} text=${text:1}
        case ${quote:-none}$char in
          none[[:alnum:]_./:=@%+,-]) ;;
          none*) char=\\$char ;;
          \'\') char="'\\''" ;;
          \"\!) char="\"'!'\"" ;;
          \"[\"\$\`\\]) char=\\$char ;;
        esac
        quoted+=$char
      done
    }

    _cvmctl() {
      local quote head quoted line
      local -a words
      COMPREPLY=()
      _cvmctl_split "${COMP_LINE:0:COMP_POINT}"
      while IFS= read -r line; do
        line=${line%%$'\t'*}
        _cvmctl_quote "${line:${#head}}"
        COMPREPLY+=("$quoted")
      done < <(command cvmctl complete -- "${words[@]:1}" 2>/dev/null)
      if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o default 2>/dev/null
      elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
      fi
    }
    complete -F _cvmctl cvmctl

    """#
}
