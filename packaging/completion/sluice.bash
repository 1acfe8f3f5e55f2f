# SPDX-License-Identifier: Apache-2.0
# Completion of the sluice command in bash. Names of streams and ids of sessions come from the node that
# the options name; when it does not answer, nothing is offered.

# Values of one member of a listing: _sluice_ask streams name, or _sluice_ask "source list" name
_sluice_ask() {
  local i asked=() listing
  read -ra listing <<<"$1"
  for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
    case ${COMP_WORDS[i]} in
      -a | --admin | -c | --config) asked+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;;
    esac
  done
  timeout 2 sluice "${listing[@]}" --json "${asked[@]}" 2>/dev/null | sed -n "s/^      \"$2\": \"\(.*\)\",\{0,1\}$/\1/p"
}

_sluice() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-}
  local commands="run check status streams sessions kick source probe version help" node="--admin --config --json --help"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$current")
    return
  fi
  case $previous in
    -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    -a | --admin) return ;;
    -k | --kind) mapfile -t COMPREPLY < <(compgen -W "publisher source viewer" -- "$current"); return ;;
    -t | --transport) mapfile -t COMPREPLY < <(compgen -W "auto tcp udp multicast http" -- "$current"); return ;;
    -b | --bundle) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --seconds) return ;;
    -s | --stream) mapfile -t COMPREPLY < <(compgen -W "$(_sluice_ask streams name)" -- "$current"); return ;;
  esac
  local words=
  case $command in
    run) words="--config --help" ;;
    check) words="--config --print --json --help" ;;
    status) words=$node ;;
    streams)
      words=$node
      if [[ $current != -* ]]; then words+=" $(_sluice_ask streams name)"; fi ;;
    sessions) words="--stream --kind $node" ;;
    kick)
      words=$node
      if [[ $current != -* ]]; then words+=" $(_sluice_ask sessions id)"; fi ;;
    source)
      words=$node
      if [[ $current != -* ]]; then words+=" list add remove"; fi
      if [[ $previous == remove ]]; then words=$(_sluice_ask "source list" name); fi ;;
    probe) words="--transport --seconds --verify --bundle --config --json --help" ;;
    version) words="--json --help" ;;
    help) words=$commands ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _sluice sluice
