// What strict decoding complains about, in the order in which upstream's decoders meet it: they read JSON as it stands,
// but YAML, patches and custom resources as maps, whose keys they sort.
import { JSON_PATCH } from '../../patch/apply-patch.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { MAX_DEPTH } from '../../codec/decode-body.ts'
import { mediaTypeOf, YAML_TYPE } from '../../codec/media-type.ts'
import { scanJson } from '../../codec/scan-json.ts'
import { duplicateKeys } from '../../codec/yaml-duplicates.ts'
import type { ApiRequest } from '../../request.ts'

/** Larger bodies are not read a second time only to sort complaints. */
const MOST_ORDERED_BYTES = 64 * 1024

export interface StrictFindings {
  /** Each by itself, as warnings say it. */
  readonly warnings: readonly string[]
  /** As an error says it: what is wrong with a YAML text is one complaint. */
  readonly text: string
}

const named = (kind: string, paths: readonly string[]) => paths.map(path => `${kind} field ${JSON.stringify(path)}`)
const findings = (warnings: readonly string[]): StrictFindings => ({ warnings, text: warnings.join(', ') })
const yamlError = (lines: readonly string[]) => `yaml: unmarshal errors:\n${lines.map(line => `  ${line}`).join('\n')}`

const stepsOf = (path: string): string[] => path.split(/\.|(?=\[)/)

/** Maps are read by their keys in order, lists by their items. */
function byKeys(a: string, b: string): number {
  const [left, right] = [stepsOf(a), stepsOf(b)]
  const at = left.findIndex((step, i) => step !== right[i])
  const [x = '', y = ''] = [left[at], right[at]]
  if (x.startsWith('[') && y.startsWith('[')) return Number.parseInt(x.slice(1), 10) - Number.parseInt(y.slice(1), 10)
  return x < y ? -1 : 1
}

const isWithin = (path: string, unknown: ReadonlySet<string>): boolean =>
  unknown.has(path) ||
  stepsOf(path).some((_, i, steps) => unknown.has(steps.slice(0, i).join('.').replaceAll('.[', '[')))

/** Of a typed object in JSON: as the text goes. What nobody knows is not looked into. */
function inOrder(unknown: readonly string[], duplicates: readonly string[], text: string): string[] {
  const places = new Map<string, number[]>()
  let count = 0
  scanJson(text, MAX_DEPTH, path => {
    const known = places.get(path)
    if (known) known.push(count++)
    else places.set(path, [count++])
  })
  const found = [
    ...unknown.map(path => ({ finding: named('unknown', [path]), at: places.get(path)?.[0] ?? 0 })),
    ...duplicates.map(path => ({ finding: named('duplicate', [path]), at: places.get(path)?.[1] ?? 0 })),
  ]
  return found.sort((a, b) => a.at - b.at).flatMap(({ finding }) => finding)
}

/** @param custom its unknown fields come in the order in which its schema was asked about them */
export async function findingsOfObject(
  request: ApiRequest,
  unknown: readonly string[],
  custom: boolean,
): Promise<StrictFindings> {
  const { duplicateFields } = request
  const bytes = duplicateFields.length > 0 ? await request.rawBody() : undefined
  const isReadable = bytes !== undefined && bytes.length <= MOST_ORDERED_BYTES
  const isYaml = mediaTypeOf(request.headers['content-type']) === YAML_TYPE
  const known = named('unknown', isYaml && !custom ? [...unknown].sort(byKeys) : unknown)
  if (isYaml && isReadable) {
    const lines = duplicateKeys(bytes.toString('utf8'))
    return { warnings: [...lines, ...known], text: [yamlError(lines), ...known].join(', ') }
  }
  if (custom || isYaml) return findings([...named('duplicate', duplicateFields), ...known])
  const unknowns = new Set(unknown)
  const doubled = duplicateFields.filter(path => !isWithin(path, unknowns))
  if (isReadable && unknown.length > 0) return findings(inOrder(unknown, doubled, bytes.toString('utf8')))
  return findings([...named('duplicate', doubled), ...known])
}

const OPERATION_FIELDS = new Set(['op', 'path', 'from', 'value'])

/** Of a JSON patch: what its operations say besides, or say twice. */
function findingsOfOperations(patch: unknown, duplicates: readonly string[]): string[] {
  const operations = Array.isArray(patch) ? patch : []
  const doubled = new Map<string, string[]>()
  for (const path of duplicates) {
    const operation = path.slice(0, path.indexOf(']') + 1)
    const known = doubled.get(operation)
    if (known) known.push(path)
    else doubled.set(operation, [path])
  }
  return operations.flatMap((operation, i) => [
    ...Object.keys(isObject(operation) ? operation : {})
      .filter(key => !OPERATION_FIELDS.has(key))
      .map(key => `json patch unknown field "[${i}].${key}"`),
    ...(doubled.get(`[${i}]`) ?? []).map(path => `json patch duplicate field ${JSON.stringify(path)}`),
  ])
}

/** @param unknown of the patched object */
export function findingsOfPatch(
  { headers, duplicateFields }: ApiRequest,
  patch: unknown,
  unknown: readonly string[],
  custom: boolean,
): StrictFindings {
  const own =
    mediaTypeOf(headers['content-type']) === JSON_PATCH
      ? findingsOfOperations(patch, duplicateFields)
      : named('duplicate', duplicateFields)
  return findings([...own, ...named('unknown', custom ? unknown : [...unknown].sort(byKeys))])
}

/** Of what is applied, whose unknown fields are no matter of strictness. @returns a line for each key given twice */
export async function findingsOfApplied(request: ApiRequest): Promise<StrictFindings> {
  if (request.duplicateFields.length === 0) return findings([])
  const lines = duplicateKeys((await request.rawBody()).toString('utf8'))
  return { warnings: lines, text: `error converting YAML to JSON: ${yamlError(lines)}` }
}
