// A patch may say whose it is, but not make the object another one.
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'

/** Of a whole object the uid is a precondition; a patch that brings another one breaks a rule, as one of several. */
export class OtherUid {
  #errors: FieldError[] = []

  /** @returns the object with the uid that it has */
  keep(object: AnyObject, current: AnyObject): AnyObject {
    const { uid } = object.metadata
    const isOther = Boolean(uid) && uid !== current.metadata.uid
    this.#errors = isOther ? [invalidValue('metadata.uid', uid, 'field is immutable')] : []
    return isOther ? { ...object, metadata: { ...object.metadata, uid: current.metadata.uid } } : object
  }

  /** What is wrong with that of the object that was kept last. */
  errors(): FieldError[] {
    return this.#errors
  }
}
