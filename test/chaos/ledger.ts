import { answersKept, attemptsSeen, failuresExplained, onceEach, readsAgree } from './answers.ts'
import { openBooks, type Violation } from './books.ts'
import type { Facts } from './facts.ts'
import { attemptsConsecutive, eventsInOrder, jobsEnded } from './stored.ts'
import { eventsTold, webhooksSent } from './told.ts'

export type { Violation } from './books.ts'

/** Compares what was answered with what was stored, and that with what was told. */
export function balance(facts: Facts): Violation[] {
  const books = openBooks(facts)
  return [
    ...answersKept(books),
    ...onceEach(books),
    ...jobsEnded(books),
    ...eventsInOrder(books),
    ...attemptsConsecutive(books),
    ...eventsTold(books),
    ...webhooksSent(books),
    ...readsAgree(books),
    ...attemptsSeen(books),
    ...failuresExplained(books),
  ]
}
