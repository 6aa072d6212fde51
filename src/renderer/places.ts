// Every place in the window as a route, so that back, forward, reload and links work everywhere.
import type { LocationQuery, RouteLocationRaw } from 'vue-router'
import type { ResourceType } from '../shared/machinery/resource-type.ts'
import { rowKey } from './api/sources.ts'

type Kind = Pick<ResourceType<unknown>, 'group' | 'version' | 'plural'>

const CORE = 'core'
export const groupOfParam = (param: string): string => (param === CORE ? '' : param)
export const paramOfGroup = (group: string): string => group || CORE

/** Namespaces stay chosen from list to list. */
const kept = (query: LocationQuery | undefined) => (query?.ns ? { ns: query.ns } : {})

export const listRoute = (kind: Kind, query?: LocationQuery): RouteLocationRaw => ({
  name: 'list',
  params: { group: paramOfGroup(kind.group), version: kind.version, plural: kind.plural },
  query: kept(query),
})

export const topologyRoute = (query?: LocationQuery): RouteLocationRaw => ({ name: 'topology', query: kept(query) })

export const timelineRoute = (query?: LocationQuery): RouteLocationRaw => ({ name: 'timeline', query: kept(query) })

export const objectRoute = (
  kind: Kind,
  namespace: string | undefined,
  name: string,
  query?: LocationQuery,
  tab?: string,
): RouteLocationRaw => ({
  name: 'list',
  params: { group: paramOfGroup(kind.group), version: kind.version, plural: kind.plural },
  query: { ...kept(query), open: rowKey(namespace, name), ...(tab ? { tab } : {}) },
})

/** The same as an address, for links that are drawn by the hundred. */
export const objectAddress = (kind: Kind, namespace: string | undefined, name: string): string =>
  `/ui/k/${[paramOfGroup(kind.group), kind.version, kind.plural].map(encodeURIComponent).join('/')}?open=${encodeURIComponent(rowKey(namespace, name))}`

export const createRoute = (kind: Kind, query?: LocationQuery): RouteLocationRaw => ({
  name: 'create-form',
  params: { group: paramOfGroup(kind.group), version: kind.version, plural: kind.plural },
  query: kept(query),
})
