// Reads a configuration file, field by field, and tells where it is wrong.
import { isObject, type JsonObject } from '../../shared/machinery/json-object.ts'

/** Every way of reading throws an Error that says where the file is wrong. */
export class ConfigurationReader {
  readonly #value: unknown
  readonly #path: string
  constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }
  field(name: string): ConfigurationReader {
    return new ConfigurationReader(this.object[name], this.#path === '' ? name : `${this.#path}.${name}`)
  }
  get isAbsent(): boolean {
    return this.#value === undefined || this.#value === null
  }
  get object(): JsonObject {
    if (!isObject(this.#value)) throw this.wrong('must be a map')
    return this.#value
  }
  get text(): string {
    if (typeof this.#value !== 'string' || this.#value === '') throw this.wrong('must be a text')
    return this.#value
  }
  get optionalText(): string {
    return this.isAbsent || this.#value === '' ? '' : this.text
  }
  get items(): ConfigurationReader[] {
    if (this.isAbsent) return []
    if (!Array.isArray(this.#value)) throw this.wrong('must be a list')
    return this.#value.map((item, i) => new ConfigurationReader(item, `${this.#path}[${i}]`))
  }
  /** Only what is known may be said: a setting that is ignored is a hole. */
  only(...names: readonly string[]): this {
    for (const name of Object.keys(this.object))
      if (!names.includes(name)) throw this.field(name).wrong('is not supported')
    return this
  }
  wrong(why: string): Error {
    return new Error(`${this.#path || 'the file'} ${why}`)
  }
}
