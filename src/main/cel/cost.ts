// What running costs, in cel-go's and Kubernetes' units: about the work of reading one field.
// @see https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
import { sizeOf } from './compare.ts'
import { isMap, List, Opaque, type Value } from './values.ts'

export const SELECT_COST = 1
export const LIST_COST = 10
export const MAP_COST = 30
export const STRUCT_COST = 40
/** A tenth for each character that is looked at. */
export const TRAVERSAL = 0.1
export const REGEX = 0.25
export const AUTHORIZER_CHECK = 350_000

/** Groups of functions whose work is counted alike. */
export const CHEAP = new Set(
  'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery isURL format.named'.split(
    ' ',
  ),
)
export const WALKS_ONCE = new Set(
  'url lowerAscii upperAscii substring trim jsonpatch.escapeKey cidr isIP isCIDR quantity isQuantity semver isSemver'.split(
    ' ',
  ),
)
export const WALKS_ITEMS = new Set('isSorted sum max min indexOf lastIndexOf'.split(' '))
const ORDER = new Set(['_<_', '_<=_', '_>_', '_>=_', '_==_', '_!=_'])

const traversal = (size: number, times = 1) => Math.ceil(size * times * TRAVERSAL)

function walk(value: Value): number {
  if (typeof value === 'string') return Math.floor(value.length * TRAVERSAL)
  if (value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL)
  if (value instanceof List) {
    let cost = 0
    for (const item of value) cost += walk(item)
    return cost
  }
  if (typeof value === 'object' && value !== null && isMap(value))
    return value.keys().reduce<number>((cost, key) => cost + walk(key) + walk(value.get(key) ?? null), 0)
  return 1
}

const matching = (text: number, pattern: number) => traversal(text + 1) * Math.ceil(pattern * REGEX)

/** Quadratic work is counted as such: each item is compared with each. */
const pairs = (a: Value, b: Value, times = 1) => sizeOf(a) * sizeOf(b) * times + 1

/** @returns the length of the text that `join` makes. */
function joined(list: Value, separator: Value): number {
  if (!(list instanceof List)) return 0
  let size = Math.max(0, list.size - 1) * sizeOf(separator ?? '')
  for (const item of list) size += sizeOf(item)
  return size
}

const whole = (value: Value | undefined): number => (typeof value === 'bigint' && value > 0n ? Number(value) : 0)

/** @param each what an item costs */
const newList = (size: number, each = 1): number => Math.floor(size * each) + 1 + LIST_COST

/** Each item is compared with each, to sort them or to leave out what is there twice. */
function sorting(list: Value): number {
  const first = list instanceof List && list.size > 0 ? list.at(0) : undefined
  const isText = typeof first === 'string' || first instanceof Uint8Array
  return newList(sizeOf(list) ** 2, isText ? 2 + TRAVERSAL : 2)
}

const one = () => 1
const size = (args: readonly Value[], at: number) => sizeOf(args[at] ?? null)
const walkOf =
  (times: number): CallCost =>
  args =>
    traversal(size(args, 0), times)
/** The second argument is walked only where it is a text that has to be read first. */
const plusText =
  (times: number, more: number, text: boolean): CallCost =>
  args =>
    traversal(size(args, 0), times) + more + (text ? traversal(size(args, 1)) : 0)

function ofComparison(args: readonly Value[]): number {
  return args[0] instanceof Opaque ? 1 : traversal(Math.min(size(args, 0), size(args, 1)))
}

/** @param args the receiver first */
export type CallCost = (args: readonly Value[]) => number

/** @returns what a call costs; told before it is made, so that nothing is done that cannot be paid. */
export function callCost(fn: string, id: string): CallCost {
  if (CHEAP.has(fn)) return one
  if (WALKS_ITEMS.has(fn)) return args => walk(args[0] ?? null)
  if (WALKS_ONCE.has(fn)) return walkOf(1)
  if (ORDER.has(fn)) return ofComparison
  switch (fn) {
    case 'check':
      return () => AUTHORIZER_CHECK
    case 'fieldSelector':
    case 'labelSelector':
      return args => LIST_COST + traversal(size(args, 1)) + Math.ceil(size(args, 1) * 0.5) * (LIST_COST + STRUCT_COST)
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return walkOf(2)
    case 'join':
      return ([list = null, separator = null]) => traversal(joined(list, separator), 2)
    case 'find':
    case 'findAll':
    case 'matches':
      return args => matching(size(args, 0), size(args, 1))
    case 'validate':
      return args => {
        const format = args[0] ?? null
        return matching(size(args, 1), format instanceof Opaque && 'regexSize' in format ? Number(format.regexSize) : 1)
      }
    case 'ip':
      return id === 'cidr_ip' ? one : walkOf(1)
    case 'containsIP':
      return plusText(2, 0, id === 'cidr_contains_ip_string')
    case 'containsCIDR':
      return plusText(3, 1, id === 'cidr_contains_cidr_string')
    case 'contains':
      return args => traversal(size(args, 0)) * traversal(size(args, 1))
    case 'startsWith':
    case 'endsWith':
    case 'format':
      return walkOf(1)
    case 'sets.contains':
    case 'sets.intersects':
      return ([a = null, b = null]) => pairs(a, b)
    case 'sets.equivalent':
      return ([a = null, b = null]) => pairs(a, b, 2)
    case '@in':
      return id === 'in_list' ? args => size(args, 1) : one
    case 'lists.range':
      return ([count]) => newList(whole(count))
    case 'slice':
      return ([, from, to]) => newList(Math.max(0, whole(to) - whole(from)))
    case 'flatten':
      return args => newList(size(args, 0), args.length > 1 ? whole(args[1]) : 1)
    case 'reverse':
      return id === 'list_reverse' ? args => newList(size(args, 0)) : one
    case 'distinct':
    case 'sort':
      return ([list = null]) => sorting(list)
    case '@sortByAssociatedKeys':
      return ([, keys = null]) => sorting(keys)
  }
  switch (id) {
    // Upstream joins lists lazily, for nothing; here they are copied, which nobody may double without end.
    case 'add_list':
      return args => 1 + Math.floor((size(args, 0) + size(args, 1)) * TRAVERSAL)
    case 'add_string':
    case 'add_bytes':
      return args => traversal(size(args, 0) + size(args, 1))
    case 'string_to_bytes':
    case 'bytes_to_string':
      return walkOf(1)
    default:
      return one
  }
}
