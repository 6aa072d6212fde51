// namespaces/finalize: the only way to change `spec.finalizers`; a terminating namespace without any goes away.
import type { Namespace } from '../../../../shared/api/core/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { invalid, notFound } from '../../../../shared/machinery/status.ts'
import { validateFinalizerNames } from '../../schema/validate-meta.ts'
import type { SubresourceHandler } from '../contract.ts'
import { assertSameName } from '../update.ts'
import { writeOptionsOf } from '../write/write-options.ts'

export const namespaceFinalize: SubresourceHandler = {
  group: '',
  resource: 'namespaces',
  subresource: 'finalize',
  kind: { group: '', version: 'v1', kind: 'Namespace' },
  methods: { PUT: 'update' },
  async handle(request, context) {
    const { name } = request.info
    const resource = context.resources.byUrl('', 'v1', 'namespaces')
    if (!resource) throw notFound({ group: '', plural: 'namespaces' }, name)
    const given = (await context.decode(request, 'core.v1.Namespace')) as unknown as Partial<Namespace>
    assertSameName(resource, given as AnyObject, request.info)
    const { resourceVersion, uid } = given.metadata ?? {}
    const errors = validateFinalizerNames(given.spec?.finalizers, i => `spec.finalizers[${i}]`)
    if (errors.length > 0) throw invalid({ group: '', kind: 'Namespace' }, name, errors)
    const options = { ...writeOptionsOf(request, 'UpdateOptions'), subresource: 'finalize' }
    const object = await context.change(
      resource,
      { namespace: '', name },
      copy => {
        const namespace = copy as unknown as Namespace
        namespace.spec.finalizers = given.spec?.finalizers ?? []
      },
      { ...options, preconditions: { ...(resourceVersion ? { resourceVersion } : {}), ...(uid ? { uid } : {}) } },
    )
    return { code: 200, object }
  },
}
