// Semantic versions. @see https://semver.org
import { CelError } from '../errors.ts'
import { Opaque } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

const NUMBER = '(0|[1-9]\\d{0,18})'
const SHAPE = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`)

class Version extends Opaque {
  readonly type = 'kubernetes.Semver'
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly pre: readonly string[]
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    super()
    this.numbers = numbers
    this.pre = pre
  }
  equals(other: Opaque): boolean {
    return other instanceof Version && order(this, other) === 0
  }
}

const isNumeric = (part: string) => /^\d+$/.test(part)

function orderOfParts(a: string, b: string): number {
  if (isNumeric(a) && isNumeric(b)) return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b))
  if (isNumeric(a) !== isNumeric(b)) return isNumeric(a) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function order(a: Version, b: Version): number {
  for (const i of [0, 1, 2] as const) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length)
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const [left, right] = [a.pre[i], b.pre[i]]
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    const found = orderOfParts(left, right)
    if (found !== 0) return found
  }
  return 0
}

/** `v1.02` → `1.2.0`. */
function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?([^+-]*)(.*)$/s.exec(text) ?? []
  const parts = core.split('.').map(part => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3 && rest === '') parts.push('0')
  return parts.join('.') + rest
}

function parseVersion(text: string): Version | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  const [, major = '0', minor = '0', patch = '0', pre, build] = match
  const parts = pre === undefined ? [] : pre.split('.')
  if (parts.some(part => part === '' || (isNumeric(part) && part.length > 1 && part.startsWith('0')))) return undefined
  if (build?.split('.').includes('')) return undefined
  return new Version([BigInt(major), BigInt(minor), BigInt(patch)], parts)
}

const read = (text: string, normalize = false) => parseVersion(normalize ? normalized(text) : text)

function semver(text: string, normalize = false): Version {
  const version = read(text, normalize)
  if (!version) throw new CelError(`invalid semantic version ${JSON.stringify(text)}`)
  return version
}

/** A version that did not come out of the expression's text. @throws CelError */
export const versionOf = (text: string): Opaque => semver(text)

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-semver-library */
export const semvers: Library = [
  fn('semver', 'string_to_semver', 'string -> kubernetes.Semver', semver),
  fn('semver', 'string_bool_to_semver', 'string; bool -> kubernetes.Semver', semver),
  fn('isSemver', 'is_semver_string', 'string -> bool', (text: string) => read(text) !== undefined),
  fn(
    'isSemver',
    'is_semver_string_bool',
    'string; bool -> bool',
    (text: string, normalize: boolean) => read(text, normalize) !== undefined,
  ),
  method(
    'isGreaterThan',
    'semver_is_greater_than',
    'kubernetes.Semver; kubernetes.Semver -> bool',
    (a: Version, b: Version) => order(a, b) > 0,
  ),
  method(
    'isLessThan',
    'semver_is_less_than',
    'kubernetes.Semver; kubernetes.Semver -> bool',
    (a: Version, b: Version) => order(a, b) < 0,
  ),
  method('compareTo', 'semver_compare_to', 'kubernetes.Semver; kubernetes.Semver -> int', (a: Version, b: Version) =>
    BigInt(order(a, b)),
  ),
  method('major', 'semver_major', 'kubernetes.Semver -> int', (a: Version) => a.numbers[0]),
  method('minor', 'semver_minor', 'kubernetes.Semver -> int', (a: Version) => a.numbers[1]),
  method('patch', 'semver_patch', 'kubernetes.Semver -> int', (a: Version) => a.numbers[2]),
]
