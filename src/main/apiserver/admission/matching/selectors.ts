// The selectors of webhooks and policies: which namespaces, and which objects, they are about.
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import { Namespace } from '../../../../shared/api/core/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { fromLabelSelector, type LabelMatcher, type Labels } from '../../../../shared/machinery/selectors.ts'
import { notFound } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { AdmissionRequest } from '../contract.ts'

const compiled = new WeakMap<LabelSelector, LabelMatcher>()

/** Compiled once per stored selector: stored objects are never changed. */
export function matcherOf(selector: LabelSelector): LabelMatcher {
  let matcher = compiled.get(selector)
  if (!matcher) compiled.set(selector, (matcher = fromLabelSelector(selector)))
  return matcher
}

const isNamespace = ({ resource: { type } }: Pick<AdmissionRequest, 'resource'>) =>
  type.group === '' && type.plural === 'namespaces'

/** @returns the namespace that the request happens in; undefined for what lies outside of any. @throws ApiError 404 */
export function namespaceOf(request: AdmissionRequest, store: ObjectStore): AnyObject | undefined {
  const name = isNamespace(request) ? request.name : request.namespace
  if (name === '') return undefined
  const stored = store.get(`/registry/core/namespaces/${name}`)
  if (!stored) throw notFound(Namespace, name)
  return stored.object
}

/** A namespace that is being written counts with the labels it is about to have. */
const labelsOfNamespace = (request: AdmissionRequest, store: ObjectStore): Labels =>
  isNamespace(request) && request.subresource === '' && request.object
    ? request.object.metadata.labels
    : namespaceOf(request, store)?.metadata.labels

/**
 * What lies outside of any namespace always matches.
 * @throws ApiError 404 when the labels of the namespace matter and it does not exist
 */
export function namespaceMatches(
  selector: LabelSelector | undefined,
  request: AdmissionRequest,
  store: ObjectStore,
): boolean {
  if (selector === undefined || (request.namespace === '' && !isNamespace(request))) return true
  const matcher = matcherOf(selector)
  return matcher.everything || matcher.matches(labelsOfNamespace(request, store))
}

/** The object matches as it was or as it will be; a request without an object matches only an empty selector. */
export function objectMatches(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  if (selector === undefined) return true
  const matcher = matcherOf(selector)
  if (matcher.everything) return true
  return [request.object, request.oldObject].some(
    object => object?.metadata !== undefined && matcher.matches(object.metadata.labels),
  )
}
