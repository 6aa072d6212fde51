// Options of writes and deletions, and how they stand in a URL.
import { pick } from '../draw.mjs'

const MANAGERS = ['ann', 'bob', 'cy']
export const manager = draw => pick(draw, MANAGERS)

export const query = parts => {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined)
  return given.length > 0 ? `?${given.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}` : ''
}
export const maybe = (draw, share, value) => (draw() < share ? value : undefined)

export const writeOptions = draw => ({
  fieldManager: maybe(draw, 0.7, manager(draw)),
  dryRun: maybe(draw, 0.1, 'All'),
  fieldValidation: maybe(draw, 0.5, pick(draw, ['Strict', 'Strict', 'Warn', 'Ignore'])),
})

export const deleteOptions = (draw, object, known) => ({
  propagationPolicy: maybe(draw, 0.4, pick(draw, ['Background', 'Foreground', 'Orphan', 'x'])),
  gracePeriodSeconds: maybe(draw, 0.3, pick(draw, [0, 1, 30, -1])),
  orphanDependents: maybe(draw, 0.06, draw() < 0.5),
  preconditions: maybe(draw, 0.25, {
    uid: maybe(draw, 0.5, pick(draw, [object.metadata?.uid, 'other'])),
    resourceVersion: maybe(draw, 0.6, pick(draw, [object.metadata?.resourceVersion, known.versions[0], 'x'])),
  }),
  dryRun: maybe(draw, 0.1, ['All']),
  ...(draw() < 0.05 ? { unknown: 1 } : {}),
})
