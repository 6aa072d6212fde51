// Objects as YAML text and back, in the dialect that kubectl speaks (YAML 1.1 booleans, no timestamps).
import { type Document, parseAllDocuments, stringify } from 'yaml'
import type { AnyObject } from '../../shared/machinery/object.ts'

const options = {
  version: '1.1',
  merge: false,
  customTags: (tags: unknown[]) => tags.filter(tag => !isTimestamp(tag)),
} as const

const isTimestamp = (tag: unknown) =>
  typeof tag === 'object' && tag !== null && 'tag' in tag && tag.tag === 'tag:yaml.org,2002:timestamp'

export interface YamlProblem {
  readonly from: number
  readonly to: number
  readonly message: string
}

/** Server-kept bookkeeping is noise to people; it is put back by `restoreManaged` semantics of update. */
export function toYaml(object: AnyObject): string {
  const { managedFields: _managed, ...metadata } = object.metadata as AnyObject['metadata'] & {
    managedFields?: unknown
  }
  return stringify({ ...object, metadata }, { version: '1.1', lineWidth: 0 })
}

export const parseYamlDocuments = (text: string): Document.Parsed[] => {
  const documents = parseAllDocuments(text, options as Parameters<typeof parseAllDocuments>[1])
  return 'empty' in documents ? [] : documents
}

export const yamlProblems = (documents: readonly Document.Parsed[]): YamlProblem[] =>
  documents.flatMap(({ errors }) =>
    errors.map(({ pos, message }) => ({ from: pos[0], to: pos[1], message: message.split('\n')[0] ?? message })),
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
        throw new Error('Every document needs apiVersion and kind.')
      return object as AnyObject
    })
}
