// What Linux says of a process in /proc/PID/stat, for those who tell it from a later one with the same number.

/**
 * @param line `''` where there is none
 * @returns when it started (field 22), in the kernel's ticks; `''` where the system does not say; `ended` of one that is
 * over and only waits for its parent to ask how it ended, for good where a container's first process asks nobody
 */
export function startOfProcess(line: string): string {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '')
}
