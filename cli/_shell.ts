/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of them. */
export type Shell = typeof SHELLS[number];

/** Quotes a word for POSIX shells, where it needs it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The script that makes a shell complete the command `lab`, whatever that is: a program, a function. It
 * asks `lab complete WORD…` for lines of `completion TAB description`, and offers files where there are
 * none. Words go over as they are, never through `eval`: what stands on a command line is not run before
 * Enter is pressed.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `# Completions of lab for bash: eval "$(lab completions bash)"
_lab_complete() {
  local word line
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS='' read -r line; do
    word=\${line%%$'\\t'*}
    [[ -n $word ]] && COMPREPLY+=("$word")
  done < <(lab complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _lab_complete lab
`,
  zsh: `#compdef lab
# Completions of lab for zsh: eval "$(lab completions zsh)"
_lab() {
  local line
  local -a found
  while IFS='' read -r line; do
    [[ -n $line ]] && found+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done < <(lab complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe lab found
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _lab ]]; then _lab "$@"; else compdef _lab lab; fi
`,
  fish: `# Completions of lab for fish: lab completions fish | source
function __lab_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (lab complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c lab -f -a '(__lab_complete)'
`,
};
