// What an Ingress must look like.
import { isIP } from 'node:net'
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../../../shared/api/networking/v1.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  pathSegmentName,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from '../../../../shared/machinery/names.ts'
import { list, lookup } from '../support/collections.ts'
import { each, obey, requiredAnd } from '../support/rules.ts'

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F']
const BAD_ENDINGS = ['/..', '/.']

const hostName = (path: string, host: string) =>
  obey(path, host, host.includes('*') ? wildcardDns1123Subdomain : dns1123Subdomain)

function backendErrors(path: string, backend: IngressBackend | undefined): FieldError[] {
  const { service, resource } = backend ?? {}
  if (service && resource) return [invalidValue(path, '', 'cannot set both resource and service backends')]
  if (resource)
    return [
      ...(resource.apiGroup === undefined
        ? []
        : obey(`${path}.resource.apiGroup`, resource.apiGroup, dns1123Subdomain)),
      ...requiredAnd(`${path}.resource.kind`, resource.kind, pathSegmentName),
      ...requiredAnd(`${path}.resource.name`, resource.name, pathSegmentName),
    ]
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')]
  const errors = service.name
    ? obey(`${path}.service.name`, service.name, dns1123Label)
    : [required(`${path}.service.name`)]
  const { name, number } = service.port ?? {}
  if (name && number) errors.push(invalidValue(path, '', 'cannot set both port name & port number'))
  else if (name) errors.push(...obey(`${path}.service.port.name`, name, portName))
  else if (number) errors.push(...obey(`${path}.service.port.number`, number, portNumber))
  else errors.push(required(path, 'port name or number is required'))
  return errors
}

function pathErrors(at: string, { path = '', pathType, backend }: HTTPIngressPath): FieldError[] {
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')]
  const errors: FieldError[] = []
  if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, PATH_TYPES))
  else if ((path || pathType !== 'ImplementationSpecific') && !path.startsWith('/'))
    errors.push(invalidValue(`${at}.path`, path, 'must be an absolute path'))
  if (pathType === 'Exact' || pathType === 'Prefix') {
    for (const bad of BAD_SEQUENCES)
      if (path.includes(bad)) errors.push(invalidValue(`${at}.path`, path, `must not contain '${bad}'`))
    for (const bad of BAD_ENDINGS)
      if (path.endsWith(bad)) errors.push(invalidValue(`${at}.path`, path, `cannot end with '${bad}'`))
  }
  return [...errors, ...backendErrors(`${at}.backend`, backend)]
}

export function validateIngress({ spec, metadata }: Ingress): FieldError[] {
  const errors: FieldError[] = []
  if (list(spec.rules).length === 0 && !spec.defaultBackend)
    errors.push(invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (spec.defaultBackend) errors.push(...backendErrors('spec.defaultBackend', spec.defaultBackend))
  errors.push(
    ...each('spec.rules', spec.rules, (at, { host, http }) => {
      const wrong: FieldError[] = []
      if (host) {
        if (isIP(host)) wrong.push(invalidValue(`${at}.host`, host, 'must be a DNS name, not an IP address'))
        wrong.push(...hostName(`${at}.host`, host))
      }
      if (http && list(http.paths).length === 0) wrong.push(required(`${at}.http.paths`))
      return [...wrong, ...each(`${at}.http.paths`, http?.paths, pathErrors)]
    }),
    ...each('spec.tls', spec.tls, (at, { hosts, secretName }) => [
      ...each(`${at}.hosts`, hosts, hostName),
      ...(secretName ? obey(`${at}.secretName`, secretName, dns1123Subdomain) : []),
    ]),
  )
  const { ingressClassName } = spec
  if (ingressClassName !== undefined) {
    errors.push(...obey('spec.ingressClassName', ingressClassName, dns1123Subdomain))
    const annotation = lookup(metadata.annotations, CLASS_ANNOTATION)
    if (!metadata.resourceVersion && annotation !== undefined && annotation !== ingressClassName)
      errors.push(
        invalidValue(
          `annotations.${CLASS_ANNOTATION}`,
          annotation,
          'must match `ingressClassName` when both are specified',
        ),
      )
  }
  return errors
}
