// Whether a version is to blame for a control plane that does not run: only then is it taken back.
import type { StartProblem } from '../../../preload/channels.ts'

/** What the version before would meet as well. */
const NOT_ITS_DOING: ReadonlySet<StartProblem['kind']> = new Set([
  'port-in-use',
  'data-folder-locked',
  'passphrase-needed',
  'passphrase-wrong',
  'key-needed',
  'moved',
])

/** @returns what the version is blamed for; undefined: nothing */
export const blameFor = ({ kind, message }: StartProblem): string | undefined =>
  NOT_ITS_DOING.has(kind) ? undefined : `its cluster did not start: ${message}`
