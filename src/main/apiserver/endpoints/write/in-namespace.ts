// What a body says of where it belongs.
import type { ObjectMeta } from '../../../../shared/api/meta/v1.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'

/** @throws ApiError 400 when it says that it is in another namespace */
export function inNamespace({ namespace: said }: Partial<Pick<ObjectMeta, 'namespace'>>, namespace: string): void {
  if (said && said !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}
