// What does not fit a field at all: the server would refuse the whole object without telling where.
import { isQuantity } from '../../shared/machinery/quantity.ts'
import { type MessageKey, m, t } from '../i18n/i18n.ts'
import type { Shape } from './schema.ts'

interface Fit {
  readonly fits: (value: unknown) => boolean
  readonly wanted: MessageKey
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

const FITS: Partial<Record<Shape, Fit>> = {
  integer: {
    fits: value => typeof value === 'bigint' || Number.isInteger(value),
    wanted: m('A whole number belongs here.'),
  },
  number: {
    fits: value => typeof value === 'bigint' || typeof value === 'number',
    wanted: m('A number belongs here.'),
  },
  quantity: { fits: isQuantity, wanted: m('An amount belongs here, such as 2, 500m or 1Gi.') },
  time: {
    fits: value => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value)),
    wanted: m('A time belongs here, such as 2030-01-31T18:00:00Z.'),
  },
  flag: { fits: value => typeof value === 'boolean', wanted: m('Either true or false belongs here.') },
}

/** @returns what belongs there instead, in a sentence; undefined where the value fits or there is none */
export function misfitOf(shape: Shape, value: unknown): string | undefined {
  const fit = FITS[shape]
  return !fit || value === undefined || value === null || value === '' || fit.fits(value) ? undefined : t(fit.wanted)
}
