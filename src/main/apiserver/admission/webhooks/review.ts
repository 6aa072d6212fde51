// The AdmissionReview that a webhook gets, and what it may answer.
// @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
import type { Status } from '../../../../shared/api/meta/v1.ts'
import { isObject, textsOf } from '../../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError } from '../../../../shared/machinery/status.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { decodeObject } from '../../schema/decode.ts'
import type { AdmissionRequest } from '../contract.ts'
import { connectObject, shownRequest } from '../shown-request.ts'

const SUPPORTED = ['v1', 'v1beta1']

export interface ReviewInput {
  readonly uid: string
  readonly request: AdmissionRequest
  /** The version in which the webhook's rule wants to see the objects. */
  readonly shown: ResourceDescriptor
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
  readonly versions: readonly string[]
}

/** @returns undefined when the webhook speaks no version that we do */
export function admissionReview(
  input: ReviewInput,
): { readonly apiVersion: string; readonly body: object } | undefined {
  const { request, shown, uid, object, oldObject } = input
  const version = input.versions.find(candidate => SUPPORTED.includes(candidate))
  if (version === undefined) return undefined
  const { user } = request
  const { name, namespace, subResource, requestSubResource, dryRun, options, operation, ...kinds } = shownRequest(request, shown) // prettier-ignore
  const { kind, resource, requestKind, requestResource } = kinds
  const apiVersion = `admission.k8s.io/${version}`
  const body = {
    kind: 'AdmissionReview',
    apiVersion,
    request: {
      uid,
      kind,
      resource,
      ...(subResource ? { subResource } : {}),
      requestKind,
      requestResource,
      ...(requestSubResource ? { requestSubResource } : {}),
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: {
        username: user.name,
        ...(user.uid ? { uid: user.uid } : {}),
        groups: user.groups,
        ...(user.extra ? { extra: user.extra } : {}),
      },
      object: connectObject(request) ?? object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options,
    },
  }
  return { apiVersion, body }
}

/** A verified answer. */
export interface Verdict {
  readonly allowed: boolean
  readonly status: Partial<Status> | undefined
  /** A JSON patch, base64. */
  readonly patch: string | undefined
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

function annotationsOf(value: unknown): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

const shownKind = (apiVersion: unknown, kind: unknown): string => {
  const text = typeof apiVersion === 'string' ? apiVersion : ''
  return `${text === '' ? '/' : text}, Kind=${typeof kind === 'string' ? kind : ''}`
}

/** @throws Error that says what is no Status in it */
function statusOf(value: unknown): Partial<Status> | undefined {
  if (value === undefined || value === null) return undefined
  const { object, errors } = decodeObject('meta.v1.Status', value)
  if (errors[0] !== undefined) throw new Error(errors[0])
  return object as Partial<Status>
}

/** @throws Error that says why it is no answer to this review */
export function verifyAnswer(answer: unknown, uid: string, apiVersion: string, mutating: boolean): Verdict {
  const given = isObject(answer) ? answer : {}
  const { response } = given
  if (!isObject(response)) throw new Error('webhook response was absent')
  // The first version of the protocol asked for less.
  const strict = apiVersion === 'admission.k8s.io/v1'
  if (strict && (given['apiVersion'] !== apiVersion || given['kind'] !== 'AdmissionReview'))
    throw new Error(`expected webhook response of ${shownKind(apiVersion, 'AdmissionReview')}, got ${shownKind(given['apiVersion'], given['kind'])}`) // prettier-ignore
  if (strict && response['uid'] !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${encodeJson(response['uid'] ?? '')}`)
  const { patch, patchType, status } = response
  const hasPatch = typeof patch === 'string' && patch !== ''
  const hasType = typeof patchType === 'string'
  if (!mutating && strict && hasPatch) throw new Error('validating webhook may not return response.patch')
  if (!mutating && strict && hasType) throw new Error('validating webhook may not return response.patchType')
  if (mutating && strict && hasPatch && !hasType)
    throw new Error('webhook returned response.patch but not response.patchType')
  if (mutating && strict && hasType && !hasPatch)
    throw new Error('webhook returned response.patchType but not response.patch')
  if (mutating && hasType && patchType !== 'JSONPatch')
    throw new Error(
      strict && patchType === ''
        ? 'webhook returned invalid response.patchType of ""'
        : `unsupported patch type ${JSON.stringify(patchType)}`,
    )
  return {
    allowed: response['allowed'] === true,
    status: statusOf(status),
    patch: mutating && hasPatch ? patch : undefined,
    warnings: textsOf(response['warnings']),
    auditAnnotations: annotationsOf(response['auditAnnotations']),
  }
}

/** @returns the refusal as the client sees it */
export function denial(webhookName: string, status: Partial<Status> | undefined): ApiError {
  const deniedBy = `admission webhook ${JSON.stringify(webhookName)} denied the request`
  const { message, reason, code, details } = status ?? {}
  const text = message
    ? `${deniedBy}: ${message}`
    : reason
      ? `${deniedBy}: ${reason}`
      : `${deniedBy} without explanation`
  const safeCode = typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 400
  return new ApiError(safeCode, reason ?? '', text, details)
}
