// What webhook configurations must look like.
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ServiceReference,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from '../../../../shared/api/admissionregistration/v1.ts'
import { type FieldError, duplicate, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain, portNumber } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { conditionErrors, ruleErrors } from './validate-matching.ts'
import { each, obey, optionalOneOf, requiredAnd, requiredText, validateLabelSelector } from '../support/rules.ts'

/** The path is made of names. */
function pathErrors(at: string, path: string): FieldError[] {
  if (path === '' || path === '/') return []
  const wrong = (why: string) => invalidValue(at, path, why)
  if (path === '//') return [wrong('segment[0] may not be empty')]
  const segments = path.slice(1).replace(/\/$/, '').split('/')
  return [
    ...(path.startsWith('/') ? [] : [wrong("must start with a '/'")]),
    ...segments.flatMap((segment, i) =>
      segment === ''
        ? [wrong(`segment[${i}] may not be empty`)]
        : dns1123Subdomain(segment).map(why => wrong(`segment[${i}]: ${why}`)),
    ),
  ]
}

function serviceErrors(path: string, { name, namespace, port = 443, path: target }: ServiceReference): FieldError[] {
  const badPort = portNumber(port)
  return [
    ...requiredText(`${path}.name`, name),
    ...requiredText(`${path}.namespace`, namespace),
    ...(badPort.length > 0 ? [invalidValue(`${path}.port`, port, `port is not valid: ${badPort.join(', ')}`)] : []),
    ...pathErrors(`${path}.path`, target ?? ''),
  ]
}

function reviewVersionErrors(path: string, given: readonly string[] | undefined, isNew: boolean): FieldError[] {
  const versions = list(given)
  if (versions.length === 0) return [required(path, 'must specify one of v1, v1beta1')]
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalidValue(`${path}[${i}]`, version, 'duplicate version')]
      : obey(`${path}[${i}]`, version, dns1035Label),
  )
  if (isNew && !versions.some(version => version === 'v1' || version === 'v1beta1'))
    errors.push(invalidValue(path, versions, 'must include at least one of v1, v1beta1'))
  return errors
}

export function clientErrors(path: string, client: WebhookClientConfig | undefined): FieldError[] {
  if (!client || (client.url === undefined) === (client.service === undefined))
    return [required(path, 'exactly one of url or service is required')]
  if (client.service) return serviceErrors(`${path}.service`, client.service)
  const at = `${path}.url`
  const url = client.url ?? ''
  const form = '; desired format: https://host[/path]'
  const relative = (why: string) => invalidValue(at, '', `${why}${form}`)
  // Without a scheme it is a path, which has no host either.
  if (/^[^\s:%]*$/.test(url) && !url.startsWith('//'))
    return [relative("'https' is the only allowed URL scheme"), relative('host must be specified')]
  if (!URL.canParse(url)) return [required(at, 'url must be a valid URL')]
  const parsed = new URL(url)
  const errors: FieldError[] = []
  if (parsed.protocol !== 'https:')
    errors.push(invalidValue(at, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`))
  if (parsed.username || parsed.password)
    errors.push(invalidValue(at, url, 'user information is not permitted in the URL'))
  if (parsed.hash) errors.push(invalidValue(at, parsed.hash.slice(1), 'fragments are not permitted in the URL'))
  if (parsed.search)
    errors.push(invalidValue(at, parsed.search.slice(1), 'query parameters are not permitted in the URL'))
  return errors
}

/** Only those that change objects may be asked again. */
const reinvocationOf = (webhook: MutatingWebhook | ValidatingWebhook) =>
  'reinvocationPolicy' in webhook ? webhook.reinvocationPolicy : undefined

export function validateWebhooks(
  configuration: MutatingWebhookConfiguration | ValidatingWebhookConfiguration,
): FieldError[] {
  const names = new Set<string>()
  const isNew = !configuration.metadata.resourceVersion
  return each<NonNullable<(typeof configuration)['webhooks']>[number]>(
    'webhooks',
    configuration.webhooks,
    (at, webhook) => {
      const { name = '' } = webhook
      const errors = requiredAnd(`${at}.name`, name, dns1123Subdomain)
      if (errors.length === 0 && name.split('.').length < 3)
        errors.push(
          invalidValue(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'),
        )
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
      names.add(name)
      errors.push(...each(`${at}.rules`, webhook.rules, ruleErrors))
      errors.push(
        ...optionalOneOf(`${at}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']),
        ...optionalOneOf(`${at}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']),
        ...(webhook.sideEffects !== undefined
          ? optionalOneOf(`${at}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun'])
          : [required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun')]),
        ...conditionErrors(`${at}.matchConditions`, webhook.matchConditions, false),
        ...validateLabelSelector(`${at}.namespaceSelector`, webhook.namespaceSelector),
        ...validateLabelSelector(`${at}.objectSelector`, webhook.objectSelector),
        ...clientErrors(`${at}.clientConfig`, webhook.clientConfig),
      )
      const seconds = webhook.timeoutSeconds
      if (seconds !== undefined && (seconds < 1 || seconds > 30))
        errors.push(invalidValue(`${at}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'))
      errors.push(
        ...optionalOneOf(`${at}.reinvocationPolicy`, reinvocationOf(webhook), ['IfNeeded', 'Never']),
        ...reviewVersionErrors(`${at}.admissionReviewVersions`, webhook.admissionReviewVersions, isNew),
      )
      return errors
    },
  )
}
