// Events as evidence.
import { Event } from '../../shared/api/core/v1.ts'
import { eventTime } from '../kinds/event-facts.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { type Evidence, fact } from './cause.ts'
import type { World } from '../world/world.ts'
import { t } from '../i18n/i18n.ts'

/** Newest first; a node's events name it by name alone and live in `default`. */
export function eventsAbout(world: World, { kind, metadata }: KubeObject, ...reasons: string[]): Event[] {
  const namespace = metadata.namespace ?? 'default'
  return world
    .in(Event, namespace)
    .filter(
      ({ involvedObject: about, reason }) =>
        about.kind === kind &&
        about.name === metadata.name &&
        (kind === 'Node' || about.uid === undefined || about.uid === metadata.uid) &&
        (reasons.length === 0 || reasons.includes(reason ?? '')),
    )
    .sort((a, b) => Date.parse(eventTime(b) ?? '') - Date.parse(eventTime(a) ?? ''))
}

export const eventFact = (event: Event | undefined): readonly Evidence[] =>
  event?.message ? [fact(event.message, t('event {reason}', { reason: event.reason ?? '' }))] : []

/** The newest warning of these reasons, as evidence. */
export const warningFact = (world: World, object: KubeObject, ...reasons: string[]): readonly Evidence[] =>
  eventFact(eventsAbout(world, object, ...reasons).find(({ type }) => type === 'Warning'))
