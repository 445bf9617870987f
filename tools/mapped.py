#!/usr/bin/env python3
"""Read public banking questions with `bursar understand` and count how many are served as a fair reader would serve them.

    tools/mapped.py BURSAR FILE.csv ...

The files are BANKING77 and CLINC150 in the form `text,category`. Their categories are those of other products, so each is
mapped to the intents here that serve it; what has no counterpart is left to general answers or left out. A count is only worth
comparing to another count of the same files.

Prints a line a category, worst first: served rightly, only offered, neither, and what it was taken for.
"""

import collections
import csv
import json
import subprocess
import sys

INTENTS = {
    "Refund_not_showing_up": "refund_status",
    "account_blocked": "card_declined card_status human",
    "activate_my_card": "card_activate",
    "age_limit": "faq",
    "apple_pay_or_google_pay": "faq",
    "application_status": "application_status",
    "apr": "interest_rate",
    "are_you_a_bot": "bot_identity",
    "atm_support": "locate faq",
    "balance": "balance",
    "balance_not_updated_after_bank_transfer": "deposit_hold payment_status income_check balance_explain",
    "balance_not_updated_after_cheque_or_cash_deposit": "deposit_hold income_check",
    "beneficiary_not_allowed": "payment_status payee_add",
    "bill_balance": "bill_due upcoming_bills",
    "bill_due": "bill_due upcoming_bills",
    "cancel": "cancel",
    "cancel_transfer": "payment_cancel",
    "card_about_to_expire": "card_replace card_delivery faq card_status",
    "card_acceptance": "faq",
    "card_arrival": "card_delivery",
    "card_declined": "card_declined",
    "card_delivery_estimate": "card_delivery",
    "card_not_working": "card_declined card_replace",
    "card_payment_fee_charged": "fee_explain",
    "card_payment_not_recognised": "dispute",
    "card_payment_wrong_exchange_rate": "exchange_rate dispute fee_explain",
    "card_swallowed": "card_lost_stolen",
    "cash_withdrawal_charge": "fee_explain",
    "cash_withdrawal_not_recognised": "dispute report_fraud",
    "change_pin": "card_pin",
    "compromised_card": "report_fraud card_freeze dispute card_lost_stolen",
    "contactless_not_working": "card_declined card_replace",
    "country_support": "faq",
    "credit_limit": "available_credit",
    "credit_limit_change": "credit_limit_change",
    "credit_score": "credit_score",
    "damaged_card": "card_replace",
    "declined_card_payment": "card_declined",
    "declined_cash_withdrawal": "card_declined",
    "declined_transfer": "payment_status",
    "direct_debit_payment_not_recognised": "dispute",
    "direct_deposit": "account_details faq",
    "edit_personal_details": "profile_change",
    "exchange_charge": "fee_explain faq exchange_rate",
    "exchange_rate": "exchange_rate",
    "expiration_date": "card_status",
    "extra_charge_on_statement": "dispute fee_explain transaction_explain",
    "failed_transfer": "payment_status",
    "fiat_currency_support": "faq exchange_rate",
    "freeze_account": "card_freeze",
    "get_physical_card": "card_pin card_delivery",
    "getting_spare_card": "card_replace product_apply faq",
    "getting_virtual_card": "virtual_card",
    "goodbye": "goodbye",
    "greeting": "greeting",
    "improve_credit_score": "credit_score",
    "income": "income_check",
    "interest_rate": "interest_rate",
    "international_fees": "faq fee_explain",
    "lost_or_stolen_card": "card_lost_stolen",
    "lost_or_stolen_phone": "lost_device",
    "min_payment": "bill_due",
    "new_card": "product_apply",
    "no": "deny",
    "order_checks": "faq refuse out_of_scope product_apply",
    "order_physical_card": "card_replace product_apply card_delivery",
    "order_status": "order_status",
    "passcode_forgotten": "card_pin lost_device link_account",
    "pay_bill": "pay_bill pay_card",
    "payday": "income_check",
    "pending_card_payment": "pending",
    "pending_cash_withdrawal": "pending",
    "pending_transfer": "payment_status pending",
    "pin_blocked": "card_pin",
    "pin_change": "card_pin",
    "receiving_money": "account_details faq income_check",
    "redeem_rewards": "rewards_redeem",
    "repeat": "repeat",
    "replacement_card_duration": "card_delivery",
    "report_fraud": "report_fraud dispute card_freeze",
    "report_lost_card": "card_lost_stolen",
    "request_refund": "refund_status dispute",
    "reverted_card_payment?": "refund_status card_declined dispute transaction_explain",
    "rewards_balance": "rewards_balance",
    "rollover_401k": "out_of_scope faq",
    "routing": "account_details",
    "spending_history": "spending spending_summary transactions",
    "taxes": "tax_document out_of_scope",
    "terminate_account": "account_close",
    "thank_you": "thanks",
    "top_up_failed": "deposit_hold card_declined payment_status",
    "transaction_charged_twice": "dispute",
    "transactions": "transactions",
    "transfer": "transfer_own pay_person",
    "transfer_fee_charged": "fee_explain",
    "transfer_into_account": "account_details faq transfer_own",
    "transfer_not_received_by_recipient": "payment_status",
    "transfer_timing": "payment_status faq",
    "travel_notification": "travel_notice",
    "unable_to_verify_identity": "profile_change link_account faq human",
    "virtual_card_not_working": "card_declined virtual_card",
    "visa_or_mastercard": "faq card_status",
    "w2": "tax_document",
    "what_can_i_ask_you": "help",
    "who_made_you": "bot_identity",
    "why_verify_identity": "faq link_account",
    "wrong_amount_of_cash_received": "dispute",
    "wrong_exchange_rate_for_cash_withdrawal": "exchange_rate fee_explain dispute",
    "yes": "affirm",
}


def understand(bursar, texts):
    """Return what the matcher makes of each text."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run(
        [bursar, "understand", "--jsonl"], input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def outcome(wanted, read):
    """Say whether one of the wanted intents is served, only offered, or missed."""
    for name, readings in (("right", read["intents"]), ("offered", read["alternatives"])):
        if any(reading["name"] in wanted for reading in readings):
            return name
    return "missed"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    bursar, files = sys.argv[1], sys.argv[2:]
    rows = []
    for path in files:
        with open(path, newline="", encoding="utf-8") as file:
            rows += [row for row in csv.reader(file) if len(row) == 2 and row[1] in INTENTS]
    counts = collections.defaultdict(collections.Counter)
    taken = collections.defaultdict(collections.Counter)
    for (_, category), read in zip(rows, understand(bursar, [text for text, _ in rows])):
        how = outcome(INTENTS[category].split(), read)
        counts[category][how] += 1
        if how != "right":
            readings = read["intents"] or read["alternatives"]
            taken[category][readings[0]["name"] if readings else "nothing"] += 1
    total = collections.Counter()
    share = lambda count: count["right"] / sum(count.values())
    for category, count in sorted(counts.items(), key=lambda item: share(item[1])):
        total += count
        others = ", ".join(f"{name} {times}" for name, times in taken[category].most_common(3))
        print(f"{category:50} {count['right']:4} {count['offered']:4} {count['missed']:4}  {others}")
    messages = sum(total.values())
    for how in ("right", "offered", "missed"):
        print(f"{how}: {total[how]} of {messages} ({100 * total[how] / messages:.1f} %)")


if __name__ == "__main__":
    main()
