// What a Service must look like.
import type { Service, ServicePort } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../../../../shared/machinery/names.ts'
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import { familyOf } from '../../../../../shared/machinery/ip-address.ts'
import { list } from '../../support/collections.ts'
import { cidr, each, ipAddress, obey, oneOf, optionalOneOf, validateLabels } from '../../support/rules.ts'
import { PROTOCOLS, portRef } from '../pod/validate-ports.ts'
import { endpointIP } from '../endpoint-ip.ts'
import { familyUpdateErrors } from './validate-families.ts'
import { externallyAccessible, isHeadless, needsClusterIP, needsHealthCheckNodePort } from './needs.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const DAY_SECONDS = 86_400

function portErrors(path: string, port: ServicePort, needsName: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  if (port.name) {
    errors.push(...obey(`${path}.name`, port.name, dns1123Label))
    if (names.has(port.name)) errors.push(duplicate(`${path}.name`, port.name))
    names.add(port.name)
  } else if (needsName) errors.push(required(`${path}.name`))
  return [
    ...errors,
    ...obey(`${path}.port`, port.port ?? 0, portNumber),
    ...oneOf(`${path}.protocol`, port.protocol, PROTOCOLS),
    ...portRef(`${path}.targetPort`, port.targetPort ?? 0),
    ...(port.appProtocol === undefined ? [] : obey(`${path}.appProtocol`, port.appProtocol, qualifiedName)),
  ]
}

function externalNameErrors({ spec }: Service): FieldError[] {
  const why = 'may not be set for ExternalName services'
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  return [
    ...(list(spec.clusterIPs).length > 0 ? [forbiddenField('spec.clusterIPs', why)] : []),
    ...(list(spec.ipFamilies).length > 0 ? [forbiddenField('spec.ipFamilies', why)] : []),
    ...(spec.ipFamilyPolicy === undefined ? [] : [forbiddenField('spec.ipFamilyPolicy', why)]),
    ...(name ? obey('spec.externalName', name, dns1123Subdomain) : [required('spec.externalName')]),
  ]
}

function affinityErrors({ spec }: Service): FieldError[] {
  const errors = oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])
  const at = 'spec.sessionAffinityConfig'
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig)
    errors.push(forbiddenField(at, 'must not be set when session affinity is None'))
  if (spec.sessionAffinity !== 'ClientIP') return errors
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (seconds === undefined) errors.push(required(at, 'when session affinity type is ClientIP'))
  else if (seconds <= 0 || seconds > DAY_SECONDS)
    errors.push(
      invalidValue(`${at}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${DAY_SECONDS}`),
    )
  return errors
}

function addressErrors(service: Service, old: Service | undefined): FieldError[] {
  const { spec } = service
  if (spec.type === 'ExternalName') return []
  const ips = list(spec.clusterIPs)
  const errors: FieldError[] = []
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required('spec.clusterIPs'))
    else if (ips[0] !== spec.clusterIP)
      errors.push(invalidValue('spec.clusterIPs', ips, 'first value must match `clusterIP`'))
  } else if (ips.length > 0)
    errors.push(invalidValue('spec.clusterIPs', ips, 'must be empty when `clusterIP` is not specified'))
  const families = new Set<string>()
  errors.push(
    ...each('spec.ipFamilies', spec.ipFamilies, (at, family) => {
      const wrong = optionalOneOf(at, family, ['IPv4', 'IPv6'])
      if (families.has(family)) wrong.push(duplicate(at, family))
      families.add(family)
      return wrong
    }),
    ...optionalOneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
      'PreferDualStack',
      'RequireDualStack',
      'SingleStack',
    ]),
  )
  let broken = false
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === 'None') {
      if (ips.length === 1) continue
      broken = true
      errors.push(invalidValue('spec.clusterIPs', ips, "'None' must be the first and only value"))
      continue
    }
    const wrong = list(old?.spec.clusterIPs).includes(ip) ? [] : ipAddress(`spec.clusterIPs[${i}]`, ip)
    broken ||= wrong.length > 0
    errors.push(...wrong)
  }
  if (ips.length > 2) errors.push(invalidValue('spec.clusterIPs', ips, 'may only hold up to 2 values'))
  if (broken) return errors
  if (ips.length > 1 && new Set(ips.map(familyOf)).size < ips.length)
    errors.push(invalidValue('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'))
  if (isHeadless(service)) return errors
  for (const [i, ip] of ips.entries()) {
    const family = spec.ipFamilies?.[i]
    if (family && family !== familyOf(ip))
      errors.push(
        invalidValue(`spec.clusterIPs[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``),
      )
  }
  return errors
}

function portConflicts({ spec }: Service): FieldError[] {
  const nodePorts = new Set<string>()
  const ports = new Set<string>()
  const errors: FieldError[] = []
  if (spec.type === 'ClusterIP')
    for (const [i, port] of list(spec.ports).entries())
      if (port.nodePort)
        errors.push(forbiddenField(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"))
  for (const [i, { nodePort, protocol }] of list(spec.ports).entries()) {
    if (!nodePort) continue
    const key = `${protocol}/${nodePort}`
    if (nodePorts.has(key)) errors.push(duplicate(`spec.ports[${i}].nodePort`, nodePort))
    nodePorts.add(key)
  }
  for (const [i, { port, protocol }] of list(spec.ports).entries()) {
    const key = `${protocol}/${port}`
    if (ports.has(key)) errors.push(duplicate(`spec.ports[${i}]`, { port, protocol }))
    ports.add(key)
  }
  return errors
}

function loadBalancerErrors({ spec }: Service, old: Service | undefined): FieldError[] {
  const only = "may only be used when `type` is 'LoadBalancer'"
  const is = spec.type === 'LoadBalancer'
  const ranges = 'spec.LoadBalancerSourceRanges'
  const errors: FieldError[] = []
  if (list(spec.loadBalancerSourceRanges).length > 0) {
    if (!is) errors.push(forbiddenField(ranges, only))
    const known = new Set(list(old?.spec.loadBalancerSourceRanges).map(range => range.trim()))
    errors.push(
      ...each(ranges, spec.loadBalancerSourceRanges, (at, given) => {
        const range = given.trim()
        return known.has(range) ? [] : cidr(at, range)
      }),
    )
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !is)
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', only))
  if (spec.loadBalancerClass !== undefined)
    errors.push(
      ...(is
        ? obey('spec.loadBalancerClass', spec.loadBalancerClass, qualifiedName)
        : [forbiddenField('spec.loadBalancerClass', only)]),
    )
  return errors
}

function trafficErrors(service: Service): FieldError[] {
  const { spec } = service
  const errors: FieldError[] = []
  if (externallyAccessible(service))
    errors.push(...oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']))
  else if (spec.externalTrafficPolicy)
    errors.push(
      invalidValue(
        'spec.externalTrafficPolicy',
        spec.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    )
  const check = spec.healthCheckNodePort
  if (needsHealthCheckNodePort(service)) {
    if (!check) errors.push(required('spec.healthCheckNodePort'))
    else errors.push(...obey('spec.healthCheckNodePort', check, portNumber))
  } else if (check)
    errors.push(
      invalidValue(
        'spec.healthCheckNodePort',
        check,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  if (spec.internalTrafficPolicy === undefined && needsClusterIP(service))
    errors.push(required('spec.internalTrafficPolicy'))
  return [
    ...errors,
    ...optionalOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']),
    ...optionalOneOf('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS),
  ]
}

export function validateService(service: Service, old?: Service): FieldError[] {
  const { spec } = service
  const errors: FieldError[] = []
  const ports = list(spec.ports)
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service))
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  if (spec.type === 'ExternalName') errors.push(...externalNameErrors(service))
  const names = new Set<string>()
  const hadIPs = new Set(old?.spec.externalIPs)
  return [
    ...errors,
    ...each('spec.ports', ports, (at, port) => portErrors(at, port, ports.length > 1, names)),
    ...validateLabels('spec.selector', spec.selector),
    ...affinityErrors(service),
    ...addressErrors(service, old),
    ...each('spec.externalIPs', spec.externalIPs, (at, ip) => {
      const wrong = hadIPs.has(ip) ? [] : ipAddress(at, ip)
      return wrong.length > 0 ? wrong : endpointIP(at, ip)
    }),
    ...oneOf('spec.type', spec.type, TYPES),
    ...portConflicts(service),
    ...loadBalancerErrors(service, old),
    ...trafficErrors(service),
  ]
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = familyUpdateErrors(service, old)
  if (
    old.spec.type === 'LoadBalancer' &&
    service.spec.type === 'LoadBalancer' &&
    !deepEqual(old.spec.loadBalancerClass, service.spec.loadBalancerClass)
  )
    errors.push(
      invalidValue('spec.loadBalancerClass', service.spec.loadBalancerClass ?? null, 'may not change once set'),
    )
  if (
    needsHealthCheckNodePort(old) &&
    needsHealthCheckNodePort(service) &&
    old.spec.healthCheckNodePort !== service.spec.healthCheckNodePort
  )
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'))
  return errors
}
