// Objects as YAML text and back, in the dialect that kubectl speaks (YAML 1.1 booleans, no timestamps).
import { Document, parseAllDocuments, stringify, visit } from 'yaml'
import { narrow } from '../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { t } from '../i18n/i18n.ts'

/**
 * Tags of YAML 1.1 that mean nothing to kubectl: a date stays text. Ordered maps must go as well, since the library
 * would make one of every map that it creates on the way to a path.
 */
const FOREIGN = new Set(['timestamp', 'omap', 'pairs', 'set', 'binary'].map(name => `tag:yaml.org,2002:${name}`))

const options: NonNullable<Parameters<typeof parseAllDocuments>[1]> = {
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

export const parseYamlDocuments = (text: string): Document.Parsed[] => {
  const documents = parseAllDocuments(text, { ...options, intAsBigInt: true })
  if ('empty' in documents) return []
  const Scalar = (_key: unknown, node: { value: unknown }) => {
    if (typeof node.value === 'bigint') node.value = narrow(node.value)
  }
  for (const document of documents) visit(document, { Scalar })
  return documents
}

export const yamlProblems = (documents: readonly Document.Parsed[]): YamlProblem[] =>
  documents.flatMap(({ errors }) =>
    errors.map(({ pos, message }) => ({ from: pos[0], to: pos[1], message: message.split(/:?\n/)[0] ?? message })),
  )

/** @throws Error naming the first problem */
export function parseObjects(text: string): AnyObject[] {
  const documents = parseYamlDocuments(text)
  const [problem] = yamlProblems(documents)
  if (problem) throw new Error(problem.message)
  return documents
    .map(document => document.toJS({ maxAliasCount: 100 }) as unknown)
    .filter(value => value !== null && value !== undefined)
    .map(value => {
      const object = value as Partial<AnyObject>
      if (typeof object !== 'object' || typeof object.kind !== 'string' || typeof object.apiVersion !== 'string')
        throw new Error(t('Every document needs apiVersion and kind.'))
      return object as AnyObject
    })
}

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
