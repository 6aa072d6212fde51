// Kinds and objects the user keeps at hand, and where they were last. Pure; kept in this browser by the preferences.
import type { RouteLocationRaw } from 'vue-router'
import { kindTitle } from '../kinds/navigation.ts'
import { t } from '../i18n/i18n.ts'
import { listRoute, objectRoute } from '../places.ts'

/** A kind; with a name, one object of it. */
export interface Place {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

const MOST_RECENT = 8

/** The version may change when the cluster is upgraded: it is still the same place. */
export const placeId = ({ group, plural, namespace = '', name = '' }: Place) =>
  [group, plural, namespace, name].join('|')
const isSame = (a: Place) => (b: Place) => placeId(a) === placeId(b)

export const hasPlace = (places: readonly Place[], place: Place): boolean => places.some(isSame(place))

export const togglePlace = (places: readonly Place[], place: Place): Place[] =>
  hasPlace(places, place) ? places.filter(other => !isSame(place)(other)) : [...places, place]

/** The newest first, each once. */
export const visited = (places: readonly Place[], place: Place): Place[] =>
  [place, ...places.filter(other => !isSame(place)(other))].slice(0, MOST_RECENT)

export const placeTitle = ({ kind, name }: Place): string => name ?? kindTitle(kind)

/** What tells two of the same title apart. */
export const placeHint = ({ kind, namespace, name }: Place): string =>
  name === undefined ? t('kind') : namespace === undefined ? kind : t('{kind} in {namespace}', { kind, namespace })

export function placeRoute(place: Place): RouteLocationRaw {
  return place.name === undefined ? listRoute(place) : objectRoute(place, place.namespace, place.name)
}
