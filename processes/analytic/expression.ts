import type { FunctionNode, MathNode, SymbolNode } from 'mathjs'
import { constants, derivative, functions, operators, parse } from './arithmetic.ts'

export type Values = Readonly<Record<string, number>>

/** Arithmetic on real numbers, parsed and checked. */
export interface Expression {
  /** In the order of their first use */
  readonly variables: readonly string[]
  /** NaN and infinities are possible. */
  evaluate(values: Values): number
  /** The derivative by one of the variables, found by the rules of differentiation */
  derive(variable: string): (values: Values) => number
}

const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,62}$/
/** The parser and all that follows call themselves for each level. */
const MAX_BRACKETS = 32
const MAX_DEPTH = 256

/** @throws Error that says what is not arithmetic */
export function parseExpression(text: string): Expression {
  checkBrackets(text)
  // the power of Python; the blank keeps the positions in messages
  const node = parse(text.replaceAll('**', ' ^'))
  const variables = new Set<string>()
  check(node, 1, variables)
  const derived = new Map<string, (values: Values) => number>()
  return { variables: [...variables], evaluate: evaluator(node), derive }

  function derive(variable: string): (values: Values) => number {
    if (!variables.has(variable)) return () => 0
    const found = derived.get(variable) ?? evaluator(derivative(node, variable, { simplify: false }))
    derived.set(variable, found)
    return found
  }
}

function evaluator(node: MathNode): (values: Values) => number {
  const code = node.compile()
  return (values) => Number(code.evaluate(new Map([...constants, ...Object.entries(values)])))
}

function checkBrackets(text: string): void {
  let open = 0
  for (const character of text) {
    if (character === '(') open++
    else if (character === ')') open--
    if (open > MAX_BRACKETS) throw new Error(`more than ${MAX_BRACKETS} brackets within each other`)
  }
}

/** Only what is listed here is evaluated; every other kind of node that the parser knows is refused. */
function check(node: MathNode, depth: number, variables: Set<string>): void {
  if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} operations within each other`)
  if (isSymbol(node)) return checkName(node.name, variables)
  if (isFunction(node)) checkCall(node)
  else if (!isArithmetic(node)) throw new Error(`"${brief(node)}" is not arithmetic on numbers`)
  const inner = isFunction(node) ? node.args : children(node)
  for (const child of inner) check(child, depth + 1, variables)
}

function isArithmetic(node: MathNode): boolean {
  if (node.type === 'ConstantNode') return 'value' in node && Number.isFinite(node.value)
  if (node.type === 'OperatorNode') return 'fn' in node && operators.has(String(node.fn))
  return node.type === 'ParenthesisNode'
}

function checkName(name: string, variables: Set<string>): void {
  if (constants.has(name)) return
  if (functions.has(name)) throw new Error(`"${name}" is a function`)
  if (!namePattern.test(name) || name in {}) throw new Error(`"${name.slice(0, 80)}" is no name for a variable`)
  variables.add(name)
}

function checkCall({ fn, args }: FunctionNode): void {
  const name = isSymbol(fn) ? fn.name : brief(fn)
  const most = isSymbol(fn) ? functions.get(name) : undefined
  if (most === undefined) {
    throw new Error(`there is no function "${name.slice(0, 80)}"; there are ${[...functions.keys()].join(', ')}`)
  }
  const least = name === 'pow' ? 2 : 1
  if (args.length < least || args.length > most) throw new Error(`"${name}" does not take ${args.length} arguments`)
}

function children(node: MathNode): MathNode[] {
  const found: MathNode[] = []
  node.forEach((child) => void found.push(child))
  return found
}

function isSymbol(node: MathNode): node is SymbolNode {
  return node.type === 'SymbolNode'
}

function isFunction(node: MathNode): node is FunctionNode {
  return node.type === 'FunctionNode'
}

function brief(node: MathNode): string {
  const text = node.toString()
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
