// Conversion between versions by the definition's webhook.
// @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion
import { randomUUID } from 'node:crypto'
import type { CustomResourceDefinition, WebhookConversion } from '../../../shared/api/apiextensions/v1.ts'
import { cloneJson, isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { WebhookConversion as Conversion } from '../registry/resource.ts'
import { WebhookCallError } from '../webhook/exchange.ts'
import type { WebhookTransport } from '../webhook/transport.ts'

const TIMEOUT_MS = 30_000
const SUPPORTED = ['v1', 'v1beta1']

const kindText = (apiVersion: unknown, kind: unknown) => `${String(apiVersion)}, Kind=${String(kind)}`

/** @returns the converted objects, which nobody has looked at yet @throws Error that says what is wrong with the answer */
function objectsOf(answer: unknown, uid: string, version: string): unknown[] {
  const review = isObject(answer) ? answer : {}
  const { response } = review
  const expected = `apiextensions.k8s.io/${version}`
  if (version === 'v1' && (review['apiVersion'] !== expected || review['kind'] !== 'ConversionReview'))
    throw new Error(
      `expected webhook response of ${kindText(expected, 'ConversionReview')}, got ${kindText(review['apiVersion'], review['kind'])}`,
    )
  if (!isObject(response)) throw new Error('no response provided')
  if (version === 'v1' && response['uid'] !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${encodeJson(response['uid'] ?? '')}`)
  const result = isObject(response['result']) ? response['result'] : {}
  const { status, message } = result
  if (status !== 'Success')
    throw new Error(
      typeof message === 'string' && message !== ''
        ? message
        : `response.result.status was '${typeof status === 'string' ? status : ''}', not 'Success'`,
    )
  const { convertedObjects } = response
  return Array.isArray(convertedObjects) ? convertedObjects : []
}

/** Labels and annotations are the webhook's to change; all other metadata stays. */
function restoredMetadata(original: JsonObject, given: unknown): JsonObject {
  if (!isObject(given)) throw new Error('missing metadata in converted object')
  const metadata = cloneJson(original)
  for (const field of ['labels', 'annotations']) {
    const texts = given[field]
    if (texts === undefined || texts === null) delete metadata[field]
    else if (!isObject(texts)) throw new Error(`invalid metadata.${field} in converted object`)
    else {
      const odd = Object.keys(texts).find(key => typeof texts[key] !== 'string')
      if (odd !== undefined) throw new Error(`metadata.${field}[${odd}] must be a string in converted object`)
      metadata[field] = cloneJson(texts)
    }
  }
  return metadata
}

/** @throws Error that says why it is not the original in another version */
function verified(original: AnyObject, converted: unknown, apiVersion: string): AnyObject {
  if (!isObject(converted)) throw new Error('it is not an object')
  if (converted['apiVersion'] !== apiVersion)
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${String(converted['apiVersion'])})`)
  if (converted['kind'] !== original.kind)
    throw new Error(`invalid kind (expected ${original.kind}, received ${String(converted['kind'])})`)
  const metadata = isObject(converted['metadata']) ? converted['metadata'] : {}
  for (const [field, text] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [original.metadata[field] ?? '', metadata[field] ?? '']
    if (before !== after) throw new Error(`must have the same ${text}: ${before} != ${String(after)}`)
  }
  const own = original.metadata as unknown as JsonObject
  return { ...converted, metadata: restoredMetadata(own, converted['metadata']) } as unknown as AnyObject
}

async function convert(
  objects: readonly AnyObject[],
  apiVersion: string,
  { clientConfig = {}, conversionReviewVersions }: WebhookConversion,
  transport: WebhookTransport,
): Promise<AnyObject[]> {
  const [first] = objects
  if (!first) return []
  const failed = (why: string) =>
    new ApiError(500, '', `conversion webhook for ${kindText(first.apiVersion, first.kind)} ${why}`)
  const version = conversionReviewVersions.find(candidate => SUPPORTED.includes(candidate))
  if (version === undefined) throw new ApiError(500, '', 'no supported conversion review versions')
  const uid = randomUUID()
  const review = {
    kind: 'ConversionReview',
    apiVersion: `apiextensions.k8s.io/${version}`,
    request: { uid, desiredAPIVersion: apiVersion, objects },
  }
  let converted: unknown[]
  try {
    converted = objectsOf(await transport.post(clientConfig, review, { timeoutMs: TIMEOUT_MS }), uid, version)
  } catch (error) {
    if (error instanceof WebhookCallError || error instanceof Error) throw failed(`failed: ${error.message}`)
    throw error
  }
  if (converted.length !== objects.length)
    throw failed(`returned ${converted.length} objects, expected ${objects.length}`)
  return objects.map((original, i) => {
    try {
      return verified(original, converted[i], apiVersion)
    } catch (error) {
      throw failed(`returned invalid converted object at index ${i}: ${(error as Error).message}`)
    }
  })
}

/** @returns undefined for a definition whose versions differ in nothing but their names */
export function conversionOf(
  { spec }: CustomResourceDefinition,
  transport: WebhookTransport,
  settled: Conversion['settled'],
): Conversion | undefined {
  const webhook = spec.conversion?.strategy === 'Webhook' ? spec.conversion.webhook : undefined
  const stored = spec.versions.find(({ storage }) => storage)
  if (!webhook || !stored) return undefined
  return {
    storageVersion: `${spec.group}/${stored.name}`,
    settled,
    convert: (objects, apiVersion) => convert(objects, apiVersion, webhook, transport),
  }
}
