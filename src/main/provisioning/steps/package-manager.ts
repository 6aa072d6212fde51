// A package manager that an earlier run started, and that a cut connection has left at its work.

/** Waits for it: what it has brought is known only then. For ten minutes, on a slow host. */
export const AWAIT_PACKAGE_MANAGER = `
i=0
# In two: of a name with more than 15 characters pgrep says that there is none.
while pgrep -x 'apt-get|dpkg' >/dev/null || pgrep -x dnf >/dev/null; do
  i=$((i+1))
  [ $i -lt 2000 ] || { echo 'a package manager is at work on the host; run this again when it has ended' >&2; exit 1; }
  sleep 0.3
done
`
