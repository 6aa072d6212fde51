// Defines a kind of custom resources on a test's server, and writes its objects.
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../../src/shared/machinery/resource-type.ts'
import { isReason } from '../../../../src/shared/machinery/status.ts'
import type { TestApiServer } from '../../../support/api-server.ts'
import { eventually } from '../../../support/eventually.ts'

const GROUP = 'rules.example.com'

export interface Kind {
  readonly type: ResourceType<AnyObject>
  create(name: string, content: object): Promise<AnyObject>
  /** A merge patch. */
  patch(name: string, content: object): Promise<AnyObject>
  /** Resolves once the server refuses to create this: when a changed definition is in force. */
  refused(name: string, content: object): Promise<void>
}

/** @param options `wait: false` does not wait until the kind is served; `status` gives it the subresource */
export async function defineKind(
  api: TestApiServer,
  kind: string,
  schema: JSONSchemaProps,
  options: { readonly wait?: boolean; readonly status?: boolean } = {},
): Promise<Kind> {
  const client = api.clientAs()
  const plural = `${kind.toLowerCase()}s`
  const type: ResourceType<AnyObject> = { group: GROUP, version: 'v1', kind, plural, namespaced: false }
  await client.create(CustomResourceDefinition, {
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: { plural, kind },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(options.status ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  })
  if (options.wait !== false)
    await eventually(() => {
      if (!api.server.context.resources.byUrl(GROUP, 'v1', plural)) throw new Error(`${plural} are not served yet`)
    })
  const draft = (name: string, content: object) =>
    ({ apiVersion: `${GROUP}/v1`, kind, metadata: { name }, ...content }) as AnyObject
  return {
    type,
    create: (name, content) => client.create(type, draft(name, content)),
    patch: (name, content) => client.patch(type, { name }, content, { type: 'merge' }),
    refused: (name, content) =>
      eventually(async () => {
        const created = await client.create(type, draft(name, content)).catch((error: unknown) => {
          if (isReason(error, 'Invalid')) return undefined
          throw error
        })
        if (!created) return
        await client.delete(type, { name })
        throw new Error('accepted still')
      }),
  }
}
