// What all reviews share: a question that is posted, answered in its `status`, and never stored.
import { formatTime } from '../../../../shared/machinery/clock.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import { invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf, type ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { writeOptionsOf } from '../write/write-options.ts'

export interface Review<S> {
  readonly request: ApiRequest
  readonly context: EndpointContext
  /** The question; empty when the body has none. */
  readonly spec: S
}

export interface ReviewKind<S> {
  readonly type: ResourceType<unknown>
  /** Such as `authorization.v1.SubjectAccessReview`. */
  readonly schema: string
  /** Nothing may be said of the object besides what is asked. */
  readonly bareMetadata?: boolean
  /** The answer tells when it was given. */
  readonly dated?: boolean
  readonly validate?: (spec: S, object: AnyObject, request: ApiRequest) => FieldError[]
  readonly answer: (review: Review<S>) => Promise<object> | object
}

function metadataErrors({ metadata }: Partial<AnyObject>, namespace: string): FieldError[] {
  const { managedFields: _managedFields, creationTimestamp: _created, ...rest } = metadata ?? {}
  const own = Object.entries(rest).filter(([field, value]) => field !== 'namespace' || value !== namespace)
  return own.length > 0
    ? [invalidValue('metadata', rest, namespace ? 'must be empty except for namespace' : 'must be empty')]
    : []
}

/** @returns the handler of a virtual kind */
export function reviewHandler<S extends object>({
  type,
  schema,
  bareMetadata,
  dated,
  validate,
  answer,
}: ReviewKind<S>): SubresourceHandler {
  const { group, version, kind, plural, namespaced } = type
  return {
    group,
    version,
    resource: plural,
    subresource: '',
    namespaced,
    kind: { group, version, kind },
    methods: { POST: 'create' },
    async handle(request: ApiRequest, context: EndpointContext): Promise<ApiResponse> {
      writeOptionsOf(request, 'CreateOptions')
      const object = await context.decode(request, schema)
      const spec = (object.spec ?? {}) as S
      const errors = [
        ...(validate?.(spec, object, request) ?? []),
        ...(bareMetadata ? metadataErrors(object, request.info.namespace) : []),
      ]
      if (errors.length > 0) throw invalid(type, '', errors)
      const status = await answer({ request, context, spec })
      const metadata = {
        ...(request.info.namespace ? { namespace: request.info.namespace } : {}),
        ...(dated ? { creationTimestamp: formatTime(context.clock.now()) } : {}),
      }
      return {
        code: 201,
        object: { kind, apiVersion: apiVersionOf(type), metadata, ...(object.spec ? { spec } : {}), status },
      }
    },
  }
}
