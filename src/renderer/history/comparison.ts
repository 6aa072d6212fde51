// Two moments of an object beside each other. Pure.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { toYaml } from '../api/yaml-text.ts'
import { formatDateTime, t } from '../i18n/i18n.ts'
import type { ObjectRevision } from './revisions.ts'
import { comparable } from './summary.ts'

export interface Comparison {
  readonly title: string
  /** Undefined: there is nothing to compare with. */
  readonly before: string | undefined
  readonly after: string
}

const textOf = (object: AnyObject | undefined) => object && toYaml(comparable(object))
const timeOf = ({ metadata }: ObjectRevision) => formatDateTime(metadata.creationTimestamp)

/**
 * @param chosen with its object
 * @param against the other moment, with its object; undefined = now
 * @param now undefined where the object is gone
 */
export function compare(
  chosen: ObjectRevision,
  against: ObjectRevision | undefined,
  now: AnyObject | undefined,
): Comparison {
  const at = timeOf(chosen)
  const then = textOf(chosen.object) ?? ''
  if (against) {
    // Told in the order in which it happened, whichever was chosen first.
    const isLater = Number(against.revision) > Number(chosen.revision)
    const [from, to] = isLater ? [chosen, against] : [against, chosen]
    return {
      title: t('What changed from {from} to {to}', { from: timeOf(from), to: timeOf(to) }),
      before: textOf(from.object),
      after: textOf(to.object) ?? '',
    }
  }
  return now
    ? {
        title: t('What restoring would change: from now to what it was on {at}', { at }),
        before: textOf(now),
        after: then,
      }
    : { title: t('As it was on {at}', { at }), before: undefined, after: then }
}
