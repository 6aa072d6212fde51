// What is accepted and still worth a word to whoever sends it: labels and addresses of old forms, fractions of bytes.
import type { LabelSelectorRequirement, ObjectMeta } from '../../../../shared/api/meta/v1.ts'
import { parseRange } from '../../../../shared/machinery/cidr.ts'
import { BITS, formatIP, parseIP } from '../../../../shared/machinery/ip-address.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { has, list, lookup } from './collections.ts'

const NANO = 1_000_000_000n

const OLD_NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

/** @param subject names the label where the path does not */
export function oldNodeLabel(path: string, label: string, subject = ''): string[] {
  const why = lookup(OLD_NODE_LABELS, label)
  return why === undefined ? [] : [`${path}: ${subject}${why}`]
}

/** Of a selector's requirements over labels of nodes. */
export const oldNodeLabelsIn = (
  path: string,
  requirements: readonly LabelSelectorRequirement[] | undefined,
): string[] =>
  list(requirements).flatMap(({ key }, i) => oldNodeLabel(`${path}.matchExpressions[${i}].key`, key, `${key} is `))

/** What comes after the address and still reads as one: Go's older parser let zeros lead and IPv6 wrap IPv4. */
export function unusualAddress(path: string, address: string): string[] {
  const ip = parseIP(address)
  if (!ip) {
    const plain = address.split('.').map(Number).join('.')
    return parseIP(plain) ? [`${path}: non-standard IP address "${address}" is invalid: use "${plain}"`] : []
  }
  if (ip.family === 'IPv6' && ip.value >> 32n === 0xffffn)
    return [
      `${path}: non-standard IP address "${address}" is invalid: use "${formatIP({ family: 'IPv4', value: ip.value & 0xffffffffn })}"`,
    ]
  const canonical = formatIP(ip)
  return canonical === address
    ? []
    : [`${path}: IPv6 address "${address}" should be in RFC 5952 canonical format ("${canonical}")`]
}

export function unusualRange(path: string, cidr: string): string[] {
  const range = parseRange(cidr)
  if (!range) return []
  const { family, bits } = range
  const whole = `${formatIP({ family, value: range.first })}/${bits}`
  if (range.address !== range.first) {
    const single = `${formatIP({ family, value: range.address })}/${BITS[family]}`
    return [`${path}: CIDR value "${cidr}" is ambiguous in this context (should be "${whole}" or "${single}"?)`]
  }
  return whole === cidr || family === 'IPv4'
    ? []
    : [`${path}: IPv6 CIDR value "${cidr}" should be in RFC 5952 canonical format ("${whole}")`]
}

export function fractionOfByte(
  path: string,
  amounts: Readonly<Record<string, string | number>> | undefined,
  name: string,
) {
  const amount = lookup(amounts, name)
  if (amount === undefined || !isQuantity(amount)) return []
  const quantity = parseQuantity(amount)
  return quantity.nano % NANO === 0n
    ? []
    : [`${path}[${name}]: fractional byte value "${quantity.toString()}" is invalid, must be an integer`]
}

/** Of a new object after which pods and their hosts are named. @param used where the name is seen again */
export function unlikelyHostName(
  { name }: Pick<ObjectMeta, 'name'>,
  old: unknown,
  used = 'Pod names and hostnames',
): string[] {
  const problems = old ? [] : dns1123Label(name ?? '')
  return problems.length === 0
    ? []
    : [
        `metadata.name: this is used in ${used}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
      ]
}

/** @param texts by annotation */
export const oldAnnotations = (
  path: string,
  { annotations }: Pick<ObjectMeta, 'annotations'>,
  texts: Readonly<Record<string, string>>,
): string[] =>
  Object.entries(texts)
    .filter(([key]) => has(annotations, key))
    .map(([key, text]) => `${path}[${key}]: ${text}`)

/** Claims and volumes were given their class by it. */
export const OLD_CLASS = {
  'volume.beta.kubernetes.io/storage-class': 'deprecated since v1.8; use "storageClassName" attribute instead',
}
