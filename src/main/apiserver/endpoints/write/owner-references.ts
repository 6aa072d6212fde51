// An owner is named once: what says the same again is left out, and warned of.
import { semanticEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'

const FIX = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests' // prettier-ignore

/** @param when `` or ` after mutating admission happens` */
export function dropSameOwners(
  { metadata }: AnyObject,
  warn: (text: string) => void = () => undefined,
  when: '' | ' after mutating admission happens' = '',
): void {
  const given = metadata.ownerReferences
  if (!given || given.length < 2) return
  const isFirst = given.map(
    (owner, at) => !given.slice(0, at).some(earlier => earlier.uid === owner.uid && semanticEqual(earlier, owner)),
  )
  const again = given.filter((_, at) => !isFirst[at]).map(({ uid }) => uid)
  if (again.length === 0) return
  metadata.ownerReferences = given.filter((_, at) => isFirst[at])
  const where = `.metadata.ownerReferences contains duplicate entries${when}`
  warn(`${where}; ${FIX}; duplicate UID(s) observed: ${again.join(', ')}`)
}
