/** Something of which there is only so much: whoever wants more than is left waits, in the order of asking. */
export class Share {
  readonly #whole: number;
  readonly #waiting: { readonly amount: number; readonly begin: () => void }[] = [];
  #taken = 0;

  constructor(whole: number) {
    this.#whole = whole;
  }

  /** @param amount one beyond the whole is as much as the whole */
  take(amount: number): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.push({ amount: Math.min(amount, this.#whole), begin });
      this.#serve();
    });
  }

  /** @param amount as it was taken */
  giveBack(amount: number): void {
    this.#taken -= Math.min(amount, this.#whole);
    this.#serve();
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#taken + this.#waiting[0].amount <= this.#whole) {
      const { amount, begin } = this.#waiting.shift()!;
      this.#taken += amount;
      begin();
    }
  }
}
