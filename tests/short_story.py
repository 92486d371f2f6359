"""A short story written for the tests of `pipeline.passages`."""

STORY = """
The Lamp on Gull Rock

Marta Quill had kept the lamp on Gull Rock for eleven years, and in all that time nobody had come
to the island in winter. She liked it so.

On the third of January Captain Osric rowed into the cove with a crate under a tarpaulin.

"You are early, Captain," Marta said. "The supply boat comes in April."

"I have come to tell you that the company is going to sell the lighthouse," Captain Osric said.
"They will put out the lamp on Friday, because nobody pays for it any more."

Marta looked at the crate. It was marked with the seal of the company.

"What is in there?" she asked.

"Money," Osric said. "It is yours if you leave before the storm."

Marta did not answer. She climbed the stairs, lit the lamp and trimmed the wick, as she had done
every evening. Below her the captain waited in the kitchen with his crate.

In the night the storm came. Marta heard a horn, and then she saw a ship drifting toward the reef
with all her sails torn.

"If that lamp goes out, forty people will die," Marta said.

Osric ran down to the cove and found that his boat was gone. He confessed that he had lied.

"The company knows nothing of this," Osric admitted. "I stole the money, and I wanted the island
for myself."

Marta gave him a rope. Together Marta and Osric pulled nineteen sailors out of the water before the
morning, and the ship broke on the reef.

In April the supply boat brought a policeman, who arrested Captain Osric and took the crate away.
Marta watched the boat until it was small. Then she climbed the stairs and lit the lamp.
"""
