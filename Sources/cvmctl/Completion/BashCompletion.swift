/// The bash script over `cvmctl complete`; `completions/cvmctl.bash` is the same text.
enum BashCompletion {
  static let script = #"""
    # bash completion for cvmctl: asks `cvmctl complete`, which answers from local state.
    _cvmctl() {
      local IFS=$'\n' line
      local -a found=()
      COMPREPLY=()
      while IFS= read -r line; do found+=("${line%%$'\t'*}"); done < <(
        cvmctl complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
      if [ ${#found[@]} -eq 0 ]; then
        compopt -o default 2>/dev/null
        return
      fi
      local word
      for word in "${found[@]}"; do
        # Names with blanks or shell characters are quoted, never interpreted.
        printf -v word '%q' "$word"
        COMPREPLY+=("$word")
      done
    }
    complete -F _cvmctl cvmctl

    """#
}
