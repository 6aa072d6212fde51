// What pods say about Windows: as whom containers run there, and which of them run as processes of the host.
import type { PodSpec, WindowsSecurityContextOptions } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { obey } from '../../support/rules.ts'

const MOST_SPEC_KIB = 64
const MOST_DOMAIN = 256
const MOST_USER = 104
const CONTROL = /[\u0000-\u001f\u007f]/
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const DNS = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/

/** `DOMAIN\USER` or `USER`. */
function userProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const [user = '', domain] = parts.reverse()
  const problems: [isBroken: boolean, text: string][] = [
    [Buffer.byteLength(domain ?? '') >= MOST_DOMAIN, `runAsUserName's Domain length must be under ${MOST_DOMAIN} characters`], // prettier-ignore
    [domain !== undefined && !NETBIOS.test(domain) && !DNS.test(domain), "runAsUserName's Domain doesn't match the NetBios nor the DNS format"], // prettier-ignore
    [user === '', "runAsUserName's User cannot be empty"],
    [Buffer.byteLength(user) > MOST_USER, `runAsUserName's User length must not be longer than ${MOST_USER} characters`], // prettier-ignore
    [/^[. ]+$/.test(user), "runAsUserName's User cannot contain only periods or spaces"],
    [/["/\\:;|=,+*?<>@[\]]/.test(user), 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'], // prettier-ignore
  ]
  return problems.flatMap(([isBroken, text]) => (isBroken ? [text] : []))
}

function specProblems(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string']
  return Buffer.byteLength(spec) > MOST_SPEC_KIB * 1024
    ? [`gmsaCredentialSpec size must be under ${MOST_SPEC_KIB} KiB`]
    : []
}

export function validateWindowsOptions(path: string, options: WindowsSecurityContextOptions | undefined): FieldError[] {
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: name } = options ?? {}
  return [
    ...(specName === undefined ? [] : obey(`${path}.gmsaCredentialSpecName`, specName, dns1123Subdomain)),
    ...(spec === undefined ? [] : specProblems(spec).map(text => invalidValue(`${path}.gmsaCredentialSpec`, spec, text))), // prettier-ignore
    ...(name === undefined ? [] : userProblems(name).map(text => invalidValue(`${path}.runAsUserName`, name, text))),
  ]
}

/** One process of the host makes all containers such. */
export function validateHostProcess(path: string, spec: PodSpec): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const kinds = ['initContainers', 'containers', 'ephemeralContainers'] as const
  const containers = kinds.flatMap(kind =>
    list<{ securityContext?: PodSpec['containers'][number]['securityContext'] }>(spec[kind]).map((container, i) => ({
      at: `${path}.${kind}[${i}].securityContext.windowsOptions.hostProcess`,
      own: container.securityContext?.windowsOptions?.hostProcess,
    })),
  )
  const errors = containers.flatMap(({ at, own }) =>
    own === undefined || ofPod === undefined || own === ofPod
      ? []
      : [invalidValue(at, own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`)],
  )
  const onHost = containers.filter(({ own }) => own ?? ofPod).length
  if (onHost === 0) return errors
  if (onHost !== containers.length)
    errors.push(
      invalidValue(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    )
  if (!spec.hostNetwork)
    errors.push(
      invalidValue(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'),
    )
  return errors
}
