// Objects as YAML text and back, in the dialect that kubectl speaks (YAML 1.1 booleans, no timestamps).
import {
  Composer,
  Document,
  type DocumentOptions,
  LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  YAMLParseError,
  type YAMLMap,
  isScalar,
  stringify,
  visit,
} from 'yaml'
import { narrow } from '../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { t } from '../i18n/i18n.ts'

/**
 * Tags of YAML 1.1 that mean nothing to kubectl: a date stays text. Ordered maps must go as well, since the library
 * would make one of every map that it creates on the way to a path.
 */
const FOREIGN = new Set(['timestamp', 'omap', 'pairs', 'set', 'binary'].map(name => `tag:yaml.org,2002:${name}`))

const options: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: false,
  customTags: tags => tags.filter(tag => typeof tag === 'string' || !FOREIGN.has(tag.tag)),
}

export interface YamlProblem {
  readonly from: number
  readonly to: number
  readonly message: string
}

/** Server-kept bookkeeping is noise to people; the server keeps it when an update leaves it out. */
export function toYaml(object: AnyObject): string {
  const {
    managedFields: _managed,
    name,
    namespace,
    ...rest
  } = object.metadata as AnyObject['metadata'] & {
    managedFields?: unknown
  }
  const { apiVersion, kind, metadata: _metadata, status, ...body } = object
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...rest }
  // The order in which people read an object; the server's own order tells nothing.
  const ordered = { apiVersion, kind, metadata, ...body, ...(status === undefined ? {} : { status }) }
  return stringify(ordered, { ...options, lineWidth: 0 })
}

/** The library would compare each key with all that stand before it. */
function refuseDoubleKeys(document: Document.Parsed, { items }: YAMLMap<unknown>): void {
  const met = new Set<unknown>()
  for (const { key } of items) {
    if (!isScalar(key)) continue
    const [at] = key.range ?? []
    if (met.has(key.value) && at !== undefined)
      document.errors.push(new YAMLParseError([at, at + 1], 'DUPLICATE_KEY', t('Map keys must be unique')))
    met.add(key.value)
  }
}

/** One after the other: who has much to read may pause between them. */
function* documentsIn(text: string): Generator<Document.Parsed> {
  const lines = new LineCounter()
  const composer = new Composer({ ...options, intAsBigInt: true, uniqueKeys: false })
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) {
    visit(document, {
      Scalar(_key, node) {
        if (typeof node.value === 'bigint') node.value = narrow(node.value)
      },
      Map: (_key, map) => refuseDoubleKeys(document, map),
    })
    document.errors.sort((a, b) => a.pos[0] - b.pos[0])
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0])
      error.message = t('{problem} at line {line}, column {col}', {
        problem: error.message,
        line: `${line}`,
        col: `${col}`,
      })
    }
    yield document
  }
}

export const parseYamlDocuments = (text: string): Document.Parsed[] => [...documentsIn(text)]

export const yamlProblems = (documents: readonly Document.Parsed[]): YamlProblem[] =>
  documents.flatMap(({ errors }) => errors.map(({ pos, message }) => ({ from: pos[0], to: pos[1], message })))

/** One after the other. @throws Error naming the first problem */
export function* objectsIn(text: string): Generator<AnyObject> {
  for (const document of documentsIn(text)) {
    const [problem] = document.errors
    if (problem) throw new Error(problem.message)
    const object = document.toJS({ maxAliasCount: 100 }) as Partial<AnyObject> | string | null | undefined
    if (object === null || object === undefined) continue
    if (typeof object !== 'object' || typeof object.kind !== 'string' || typeof object.apiVersion !== 'string')
      throw new Error(t('Every document needs apiVersion and kind.'))
    yield object as AnyObject
  }
}

/** @throws Error naming the first problem */
export const parseObjects = (text: string): AnyObject[] => [...objectsIn(text)]

export const createYamlDocument = (value: object): Document => new Document(value, options)

/** @param source the text they were parsed from, for the way its lists are indented */
export function joinYamlDocuments(documents: readonly Document[], source = ''): string {
  const indentSeq = !/^( *)[^\s#-][^\n]*:[ ]*\n\1- /m.test(source)
  return documents
    .map(document => {
      document.directives = undefined as unknown as NonNullable<typeof document.directives>
      return document.toString({ lineWidth: 0, nullStr: '', indentSeq }).replace(/^---\n/, '')
    })
    .map((each, index) => (index > 0 ? `---\n${each}` : each))
    .join('')
}
