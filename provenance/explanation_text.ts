import { ExplanationAdvice } from "./_explanation_advice.ts";
import { ExplanationEvidence } from "./_explanation_evidence.ts";
import { ExplanationVerdict } from "./_explanation_verdict.ts";
import { type ExplanationStyle, ExplanationWords } from "./_explanation_words.ts";
import type { Explanation } from "./explanation.ts";

/** The explanation in one sentence, safe to print. */
export function verdictText(explanation: Explanation, style: ExplanationStyle = {}): string {
  return new ExplanationVerdict(explanation, new ExplanationWords(style)).text();
}

/** The whole story, safe to print: the verdict, what speaks for it, what to do. */
export function explanationText(explanation: Explanation, style: ExplanationStyle = {}): string {
  const words = new ExplanationWords(style);
  const verdict = new ExplanationVerdict(explanation, words).text();
  const evidence = new ExplanationEvidence(explanation, words).lines();
  const advice = new ExplanationAdvice(explanation, words).lines();
  return [verdict, ...[...evidence, ...advice].map((line) => `  ${line}`)].join("\n");
}
