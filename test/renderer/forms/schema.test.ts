// Forms are read out of the schemas that the server serves, for every kind alike.
import { describe, expect, it } from 'vitest'
import { USUAL_PLACES, usualAt } from '@/forms/choices.ts'
import { arrange } from '@/forms/layout.ts'
import { NAMING_PLACES, kindNamedAt } from '@/forms/named-objects.ts'
import { type FieldSchema, schemaOfKind } from '@/forms/schema.ts'
import { startingText } from '@/forms/starters.ts'
import { readForm, valueAt } from '@/forms/form-text.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { ConfigMap, PersistentVolumeClaim, Pod, Secret, Service } from '../../../src/shared/api/core/v1.ts'
import { Role } from '../../../src/shared/api/rbac/v1.ts'
import { builtinResources, servedSchema } from '../support/schemas.ts'

function at(schema: FieldSchema, ...path: string[]): FieldSchema {
  return path.reduce((inner, name) => {
    const next = name === '*' ? inner.item : inner.fields.get(name)
    if (!next) throw new Error(`no ${name}`)
    return next
  }, schema)
}
const nothing = new Set<string>()

describe('schemaOfKind()', () => {
  it('knows the shape of every field of a Deployment, through references and lists', async () => {
    const deployment = await servedSchema(Deployment)
    const container = at(deployment, 'spec', 'template', 'spec', 'containers', '*')
    expect(container.typeName).toBe('Container')
    expect([...container.required]).toEqual(['name'])
    expect(at(deployment, 'spec', 'replicas').shape).toBe('integer')
    expect(at(deployment, 'spec', 'paused').shape).toBe('flag')
    expect(at(deployment, 'spec', 'selector', 'matchLabels').shape).toBe('map')
    expect(at(container, 'resources', 'limits', '*').shape).toBe('quantity')
    expect(at(container, 'readinessProbe', 'httpGet', 'port').shape).toBe('numberOrText')
    expect(at(container, 'ports').listKeys).toEqual(['containerPort', 'protocol'])
    expect(at(container, 'ports', '*', 'protocol').choices).toEqual(['TCP', 'UDP', 'SCTP'])
  })

  it('knows that Secrets hold bytes', async () =>
    expect(at(await servedSchema(Secret), 'data', '*').shape).toBe('bytes'))

  it('reads a custom resource by its schema alone', () => {
    const document = {
      components: {
        schemas: {
          'dev.example.v1.Boat': {
            type: 'object',
            'x-kubernetes-group-version-kind': [{ group: 'example.dev', version: 'v1', kind: 'Boat' }],
            properties: {
              spec: {
                type: 'object',
                required: ['sails'],
                properties: {
                  sails: { type: 'integer', default: 2, description: 'How many.' },
                  rig: { type: 'string', enum: ['sloop', 'ketch'] },
                  crew: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
                  port: { 'x-kubernetes-int-or-string': true },
                  extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
            },
          },
        },
      },
    }
    const type = { group: 'example.dev', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true }
    const boat = schemaOfKind(document, type)!
    const shape = (name: string) => at(boat, 'spec', name).shape
    expect(['sails', 'rig', 'crew', 'port', 'extra'].map(shape)).toEqual([
      'integer',
      'text',
      'list',
      'numberOrText',
      'any',
    ])
    expect(at(boat, 'spec', 'rig').choices).toEqual(['sloop', 'ketch'])
    expect(at(boat, 'spec', 'sails').description).toBe('How many.')
    expect(valueAt(readForm(startingText(type, boat, 'sea')), ['spec'])).toEqual({ sails: 2 })
    expect(schemaOfKind(document, { ...type, kind: 'Ship' })).toBeUndefined()
  })

  it('takes the zero of what must be there, and of entries, for no default', async () => {
    const container = at(await servedSchema(Pod), 'spec', 'containers', '*')
    expect(at(container, 'name').default).toBeUndefined()
    expect(at(container, 'args', '*').default).toBeUndefined()
    expect(at(container, 'ports', '*', 'containerPort').default).toBeUndefined()
    expect(at(container, 'ports', '*', 'protocol').default).toBe('TCP')
  })

  it('does not follow references that go in circles', () => {
    const schemas = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } }
    const named = {
      ...schemas,
      K: {
        'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'K' }],
        allOf: [{ $ref: '#/components/schemas/A' }],
      },
    }
    expect(schemaOfKind({ components: { schemas: named } }, { group: '', version: 'v1', kind: 'K' })?.shape).toBe('any')
  })
})

describe('arrange()', () => {
  it('shows what matters first, what is set after it, and offers the rest', async () => {
    const service = at(await servedSchema(Service), 'spec')
    const { shown, more } = arrange(service, ['spec'], new Set(['clusterIP']))
    expect(shown).toEqual(['type', 'selector', 'ports', 'clusterIP'])
    expect(more).toContain('sessionAffinity')
    expect(more).not.toContain('clusterIP')
  })
  it('shows all of what has few fields', () => {
    const properties = Object.fromEntries(['port', 'crew', 'sails'].map(name => [name, { type: 'string' }]))
    const schemas = {
      K: { type: 'object', properties, 'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'K' }] },
    }
    const schema = schemaOfKind({ components: { schemas } }, { group: '', version: 'v1', kind: 'K' })
    expect(schema && arrange(schema, ['spec'], nothing)).toEqual({ shown: ['port', 'crew', 'sails'], more: [] })
  })
  it('asks for the name first of what has few fields at its top', () => {
    const properties = { spec: { type: 'object' }, metadata: { type: 'object' } }
    const schemas = {
      K: { type: 'object', properties, 'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'K' }] },
    }
    const schema = schemaOfKind({ components: { schemas } }, { group: '', version: 'v1', kind: 'K' })
    expect(schema && arrange(schema, [], nothing).shown).toEqual(['metadata', 'spec'])
  })
  it('leaves out what the server keeps', async () => {
    const schema = await servedSchema(ConfigMap)
    const top = arrange(schema, [], new Set(['apiVersion', 'kind', 'status', 'data']))
    expect(top.shown).toEqual(['metadata', 'data', 'immutable'])
    const { shown, more } = arrange(at(schema, 'metadata'), ['metadata'], new Set(['uid', 'resourceVersion']))
    expect([...shown, ...more]).not.toContain('uid')
    expect([...shown, ...more]).not.toContain('resourceVersion')
  })
  it('asks pods of a template for their labels, not for a name', async () => {
    const metadata = at(await servedSchema(Deployment), 'spec', 'template', 'metadata')
    expect(arrange(metadata, ['spec', 'template', 'metadata'], nothing).shown).toEqual(['labels'])
  })
})

describe('what is at hand in a field', () => {
  /** Of every kind that can be created, the plain fields that its form can show. */
  async function placesOfAll(): Promise<Set<string>> {
    const places = new Set<string>()
    /** @param seen types of one kind: those of others may be called the same */
    const walk = (schema: FieldSchema, seen: Set<string>) => {
      if (schema.shape === 'object') {
        if (schema.typeName && seen.has(schema.typeName)) return
        seen.add(schema.typeName)
        for (const field of schema.fields.values()) walk(field, seen)
      } else if (schema.shape === 'list' || schema.shape === 'map') walk(schema.item, seen)
      else places.add(schema.place)
    }
    for (const { type, verbs } of builtinResources)
      if (verbs.includes('create')) walk(await servedSchema(type), new Set())
    return places
  }

  it('is told for fields that there are', async () => {
    const places = await placesOfAll()
    expect([...NAMING_PLACES, ...USUAL_PLACES].filter(place => !places.has(place))).toEqual([])
  })

  it('are names of the kind that the field means, or that the field beside it says', () => {
    expect(kindNamedAt('IngressServiceBackend.name', undefined)?.kind).toBe('Service')
    expect(kindNamedAt('RoleRef.name', 'ClusterRole')?.kind).toBe('ClusterRole')
    expect(kindNamedAt('RoleRef.name', undefined)).toBeUndefined()
    expect(kindNamedAt('Subject.name', 'User')).toBeUndefined()
    expect(kindNamedAt('Container.name', undefined)).toBeUndefined()
  })

  it('are values of a list as well', async () => {
    const claim = at(await servedSchema(PersistentVolumeClaim), 'spec', 'accessModes', '*')
    expect(claim.choices).toContain('ReadWriteMany')
    const role = at(await servedSchema(Role), 'rules', '*', 'verbs', '*')
    expect([role.choices.length, usualAt(role.place).includes('watch')]).toEqual([0, true])
  })
})

describe('every kind that can be created', () => {
  const creatable = builtinResources.filter(({ verbs }) => verbs.includes('create') && verbs.includes('list'))
  it.each(creatable.map(({ type }) => [`${type.group || 'core'}/${type.version} ${type.kind}`, type] as const))(
    '%s has a form and starts as text of its own kind',
    async (_name, type) => {
      const schema = await servedSchema(type)
      expect(schema.fields.has('metadata')).toBe(true)
      const object = readForm(startingText(type, schema, 'shop'))
      expect(object?.kind).toBe(type.kind)
      expect(valueAt(object, ['metadata', 'namespace'])).toBe(type.namespaced ? 'shop' : undefined)
      // What it starts as is in its schema, so that the form shows all of it.
      const unknown = (value: unknown, inner: FieldSchema, path: string): string[] => {
        if (inner.shape === 'list') return (value as unknown[]).flatMap(each => unknown(each, inner.item, `${path}[]`))
        if (inner.shape !== 'object') return []
        return Object.entries(value as object).flatMap(([name, each]) => {
          const field = inner.fields.get(name)
          return field ? unknown(each, field, `${path}.${name}`) : [`${path}.${name}`]
        })
      }
      expect(unknown(object, schema, '')).toEqual([])
    },
  )
})
