// What `kubectl explain` says of types and fields: the texts that the build extracts, of fields that are objects as well.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { typeSchema, V2, V3, type Descriptions } from '../../../src/main/apiserver/openapi/type-schemas.ts'
import { schemaTypes } from '../../../src/main/apiserver/schema/table.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'descriptions.json')
execFileSync(process.execPath, ['scripts/generate-descriptions.mjs', file])
const texts = JSON.parse(readFileSync(file, 'utf8')) as Descriptions

/** Ours have no texts. */
const kinds = Object.entries(schemaTypes).filter(([id, { gvk }]) => gvk && Object.hasOwn(texts, id))

describe('the texts of fields', () => {
  test.each(['core.v1.Pod', 'core.v1.Service', 'apps.v1.Deployment', 'batch.v1.Job', 'autoscaling.v2.HorizontalPodAutoscaler'])(
    '%s says what its metadata, spec and status are',
    id => {
      const { metadata, spec, status } = texts[id]!
      expect(metadata).toMatch(/standard object('s)? metadata/i)
      expect(spec).toMatch(/spec/i)
      expect(status).toMatch(/status/i)
    },
  ) // prettier-ignore

  test('every kind and every list says what its metadata are', () => {
    const silent = kinds.filter(([id, { fields }]) => fields['metadata'] && !texts[id]?.['metadata']).map(([id]) => id)
    expect(silent).toEqual([])
  })

  test('fields of a pod that are objects are described, whether alone, in lists or in maps', () => {
    for (const id of ['core.v1.Container', 'core.v1.Probe', 'core.v1.Affinity', 'core.v1.PodSecurityContext'])
      expect(Object.keys(schemaTypes[id]!.fields).filter(field => !texts[id]?.[field])).toEqual([])
  })

  test('paragraphs stay apart', () => {
    expect(texts['meta.v1.ObjectMeta']?.['generateName']).toContain(
      '\n\nIf this field is specified and the generated name exists, the server will return a 409.\n\n',
    )
  })

  test('none has what stands for a character in HTML', () => {
    const all = Object.values(texts).flatMap(fields => Object.values(fields))
    expect(all.filter(text => /&(#\w+|quot|amp|lt|gt);/.test(text))).toEqual([])
  })

  test('none begins or ends with what belongs to the comment that it stood in', () => {
    const odd = Object.values(texts).flatMap(fields => Object.values(fields).filter(text => /^[\s*/]|[\s*/]$/.test(text) && !text.endsWith('/'))) // prettier-ignore
    expect(odd).toEqual([])
  })
})

test('a field that refers to a type has its text beside the reference', () => {
  const { properties } = typeSchema('core.v1.Pod', V3, texts) as { properties: Record<string, unknown> }
  expect(properties['spec']).toMatchObject({
    description: texts['core.v1.Pod']!['spec'],
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
  })
  const { properties: older } = typeSchema('core.v1.Pod', V2, texts) as { properties: Record<string, unknown> }
  expect(older['spec']).toMatchObject({ description: texts['core.v1.Pod']!['spec'], $ref: '#/definitions/io.k8s.api.core.v1.PodSpec' }) // prettier-ignore
})
