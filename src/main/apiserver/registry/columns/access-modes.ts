// Access modes of volumes in their short form.
import { list } from '../support/collections.ts'

const SHORT = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

export const accessModesText = (modes: readonly string[] | undefined): string =>
  SHORT.flatMap(([mode, short]) => (list(modes).includes(mode) ? short : [])).join(',')
