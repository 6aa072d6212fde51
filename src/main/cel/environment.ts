// What expressions may use: Kubernetes' libraries, always the same, and the variables of the place they stand in.
import { type Checked, check, type Scope } from './check.ts'
import { CompileError } from './errors.ts'
import { estimateCost } from './estimate.ts'
import { compileProgram, type Program } from './program.ts'
import type { Library, Overload } from './library/declare.ts'
import { formats } from './library/format.ts'
import { lists } from './library/lists.ts'
import { net } from './library/net.ts'
import { operators } from './library/operators.ts'
import { optionals } from './library/optionals.ts'
import { quantities } from './library/quantity.ts'
import { regexLibrary } from './library/regex.ts'
import { semvers } from './library/semver.ts'
import { standard } from './library/standard.ts'
import { strings } from './library/strings.ts'
import { urls } from './library/url.ts'
import { checkLiterals } from './literals.ts'
import type { MacroOptions } from './macros.ts'
import { parse } from './parser.ts'
import type { CelType } from './types.ts'

/** The cost of one evaluation; about a tenth of a second upstream. */
export const PER_CALL_LIMIT = 1_000_000

function byName(libraries: readonly Library[]): Map<string, Overload[]> {
  const functions = new Map<string, Overload[]>()
  for (const overload of libraries.flat()) {
    const known = functions.get(overload.fn)
    if (known) known.push(overload)
    else functions.set(overload.fn, [overload])
  }
  return functions
}

const BASE = [operators, standard, strings, lists, optionals, urls, net, quantities, semvers, formats, regexLibrary]
const base = byName(BASE)

export interface EnvironmentOptions {
  readonly variables: ReadonlyMap<string, CelType>
  /** Functions beyond Kubernetes' common ones. */
  readonly libraries?: readonly Library[]
  readonly structs?: Scope['structs']
  /** Whether `cel.bind` gives names to values. Default: no. */
  readonly bindings?: boolean
}

export interface Compiled extends Program {
  readonly type: CelType
  /** Names of the environment's variables that the expression reads. */
  readonly variables: ReadonlySet<string>
  /** The most it can cost; Infinity where nothing bounds it. */
  readonly maxCost: number
}

export class Environment {
  readonly #scope: Scope
  readonly #macros: MacroOptions

  constructor({ variables, libraries, structs, bindings = false }: EnvironmentOptions) {
    this.#macros = { bindings }
    const functions = libraries?.length ? byName([...BASE, ...libraries]) : base
    this.#scope = { functions, variables, ...(structs ? { structs } : {}) }
  }

  /** @throws CompileError */
  compile(text: string): Compiled {
    const checked: Checked = check(text, parse(text, this.#macros), this.#scope)
    checkLiterals(text, checked)
    const { type, variables } = checked
    return { type, variables, maxCost: estimateCost(checked, this.#scope.variables), ...compileProgram(checked) }
  }
}

/** @returns the compiled expression, or why it is none. */
export function tryCompile(environment: Environment, text: string): Compiled | CompileError {
  try {
    return environment.compile(text)
  } catch (error) {
    if (error instanceof CompileError) return error
    throw error
  }
}
