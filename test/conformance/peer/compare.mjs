// What of two answers to the same request differs, once what must differ (names that are made up, times, revisions) is
// out of the way.
import YAML from 'yaml'

const PLACEHOLDERS = {
  uid: '<uid>',
  resourceVersion: '<version>',
  creationTimestamp: '<time>',
  deletionTimestamp: '<time>',
  time: '<time>',
  continue: '<token>',
}
const TEXTS = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z| [+-]\d{4} UTC)?( m=[+\d.]+)?/g, '<time>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<name>'],
  [/\b([Mm]ade-)[a-z0-9]{5}\b/g, '$1<name>'],
  [/\b(record \(|ResourceVersion in the precondition \(|current: |object meta: )\d+/g, '$1<version>'],
  // What was patched is printed with its fields in another order.
  [/Invalid value: "\{\\".*\}": /gs, 'Invalid value: <object>: '],
  [/(is missing in ')\{.*\}'/gs, "$1<object>'"],
  [/\b10\.96\.\d+\.\d+\b/g, '<address>'],
  // What is empty means the same as what is not there, and Go prints keys and operators even where they are empty.
  [/\b((?:Invalid|Unsupported) value: )(?:\{\}|\[\]|null)(?=: )/g, '$1<nothing>'],
  [/\{"key":"","operator":""\}/g, '{}'],
]

/** Entries are sorted by seconds, and writes that follow each other fall into the same one or not. */
const entries = fields => [...fields].sort((a, b) => (identity(a) < identity(b) ? -1 : 1))
const identity = ({ operation, manager, apiVersion, subresource }) =>
  [operation, manager, apiVersion, subresource].join()

const isObject = value => typeof value === 'object' && value !== null

const sorted = value => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])])) // prettier-ignore
}

/** Values that are printed have their keys in another order there: that of structs, and maps by their keys. */
const byKeys = text =>
  text.replace(/((?:Invalid|Unsupported|Duplicate) value: |^)([[{].*[\]}])(?=: |$)/gs, (whole, before, value) => {
    try {
      return before + JSON.stringify(sorted(JSON.parse(value)))
    } catch {
      return whole
    }
  })

/** @returns the value without what is different in every run */
export function normalise(value, key) {
  if (key in PLACEHOLDERS && typeof value === 'string' && value !== '') return PLACEHOLDERS[key]
  if (key === 'nodePort' || key === 'healthCheckNodePort') return value > 0 ? '<port>' : value
  if (typeof value === 'string') return TEXTS.reduce((text, [pattern, by]) => text.replace(pattern, by), byKeys(value))
  if (Array.isArray(value)) return (key === 'managedFields' ? entries(value) : value).map(item => normalise(item))
  if (typeof value !== 'object' || value === null) return value
  const { name, generateName } = value
  if (typeof generateName === 'string' && generateName !== '' && String(name).startsWith(generateName))
    return normalise({ ...value, name: `${generateName}<name>`, generateName: '' })
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, normalise(item, name)]))
}

const show = value => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
/** @returns {Iterable<string>} what of two values differs, by its path */
export function* differences(ours, theirs, path) {
  if (!isObject(ours) || !isObject(theirs) || Array.isArray(ours) !== Array.isArray(theirs)) {
    if (ours !== theirs) yield `${path}: ${show(ours)}, not ${show(theirs)}`
    return
  }
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)]))
    yield* differences(ours[key], theirs[key], Array.isArray(ours) ? `${path}[${key}]` : `${path}.${key}`)
}

const causeText = ({ field, reason, message }) => `${field}: ${reason}: ${message}`

/** Values that Go prints from its own structs, whose names and order are known nowhere else. */
const STRUCT = /^(\S+: \w+: (?:Invalid|Unsupported|Duplicate) value: )(?:[[{].*[\]}]|<nothing>)(: .*|)$/s
const withoutStruct = text => text.replace(STRUCT, '$1<struct>$2')
const isGoStruct = text => STRUCT.test(text) && /[{,]"[A-Z]\w*":/.test(text)

/** What is told twice is told once here. */
function once(status) {
  const { causes } = status.details ?? {}
  if (!causes) return status
  const seen = new Set()
  return {
    ...status,
    details: { ...status.details, causes: causes.filter(c => !seen.has(causeText(c)) && seen.add(causeText(c))) },
  }
}

/** Of two Status bodies about the same invalid object: cause by cause, in any order. */
function* causeDifferences(ours, theirs) {
  const all = [ours, theirs].map(status => (status.details?.causes ?? []).map(causeText))
  const structs = new Set(all[1].filter(isGoStruct).map(withoutStruct))
  const [our, their] = all.map(texts =>
    texts.map(text => (structs.has(withoutStruct(text)) ? withoutStruct(text) : text)),
  )
  for (const text of their) if (!our.includes(text)) yield `lacks ${text}`
  for (const text of our) if (!their.includes(text)) yield `has ${text}`
  if (our.length === their.length && our.every(text => their.includes(text)) && our.join() !== their.join())
    yield `order of causes`
}

const parse = ({ text, headers }) => {
  try {
    if (/yaml/.test(headers['content-type'])) return YAML.parse(text)
    // A watch is an event a line.
    return text.startsWith('{"type":')
      ? text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line))
      : JSON.parse(text)
  } catch {
    return { text }
  }
}

/** An older etcd than kube-apiserver wants cannot tell how far it is; watches of kube-apiserver end for that. */
const UNABLE =
  /^\{"type":"ERROR".*(storage feature RequestWatchProgress is disabled|Timeout: Too large resource version)/

/** @returns {string[]} what of our answer differs from theirs */
export function compareAnswers(ours, theirs) {
  const found = []
  if (UNABLE.test(theirs.text)) return found
  if (ours.code !== theirs.code)
    return [`code ${ours.code} (${show(parse(ours).message)}), not ${theirs.code} (${show(parse(theirs).message)})`]
  const warnings = [ours, theirs].map(({ headers }) => normalise(headers.warning ?? ''))
  if (warnings[0] !== warnings[1]) found.push(`warning: ${show(warnings[0])}, not ${show(warnings[1])}`)
  const [our, their] = [normalise(parse(ours)), normalise(parse(theirs))]
  if (their.kind !== 'Status' || !their.details?.causes) return [...found, ...differences(our, their, '')]
  const [ourOnce, theirOnce] = [our, their].map(once)
  const causes = [...causeDifferences(ourOnce, theirOnce)]
  if (causes.length > 0) return [...found, ...causes]
  const isStruct = (theirOnce.details.causes ?? []).map(causeText).some(isGoStruct)
  return [...found, ...(isStruct ? [] : differences(ourOnce, theirOnce, ''))]
}

/** @returns in which answer each version was first, by its objects */
function firstSeen(answers) {
  const seen = new Map()
  for (const [i, { code, text }] of answers.entries()) {
    const version = /^2/.test(code) ? /"resourceVersion": ?"(\d+)"/.exec(text)?.[1] : undefined
    if (version !== undefined && !seen.has(version)) seen.set(version, i)
    if (i === answers.length - 1) return version === undefined ? undefined : seen.get(version)
  }
  return undefined
}

/** @returns {string[]} whether the last answer has the version of another one than theirs: one wrote, one did not */
export function compareVersions({ ours, theirs }) {
  if (/"kind": ?"(\w*List|Table|Status)"/.test(theirs.at(-1).text) || theirs.at(-1).text.startsWith('{"type"'))
    return []
  const [our, their] = [ours, theirs].map(firstSeen)
  return our === undefined || their === undefined || our === their
    ? []
    : [`version: that of answer ${our}, not of ${their}`]
}
